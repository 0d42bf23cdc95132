"""Maps that are made in a process: how far, stopped, finished, failed, and for whom."""

import dataclasses
import time

import pytest

from stellar_gui.jobs import Job, Progress
from stellar_gui.maps.settings import MapSettings
from stellar_gui.maps.store import Maps
from stellar_gui.marks import is_marked
from tests.mapped import NAME, alone, box, open_domains

_START = Job.start


@pytest.fixture(autouse=True)
def started(tmp_path, monkeypatch):
    return alone(tmp_path, monkeypatch)


@pytest.fixture
def opened():
    return open_domains()


@pytest.fixture
def shown(opened):
    return opened.page


@pytest.fixture
def selection(opened):
    return opened.selection


class _Job:
    """A job that says what it is told to say."""

    error = "out of memory"
    progress = Progress(1.0, 4.0, "spectra: iteration 750 of 750")

    is_awaited = False

    def __init__(self):
        self.state = "running"
        self.stopped = False

    def stop(self):
        self.stopped = True

    def leave(self):
        self.left = True


@pytest.fixture
def job(shown):
    shown.source.job = _Job()
    return shown.source.job


def test_progress_is_shown_and_the_job_can_be_stopped(shown, job):
    shown.tick()
    state = shown.bar.state["job"]
    assert state["share"] == 0.25
    assert "iteration 750" in state["words"]
    shown.run(state["command"])
    assert job.stopped
    shown.tick()
    state = shown.bar.state["job"]
    assert state["words"] == "PCA now; t-SNE: stopped"
    assert state["command"] == "start_maps"


def test_finished_maps_take_the_place_of_the_pca(shown, job, monkeypatch):
    asked = []
    monkeypatch.setattr(shown.source, "ask", lambda *what: asked.append(what))
    job.state = "finished"
    shown.tick()
    assert [(name, settings.method) for name, settings in asked] == [(NAME, "tsne")]


def test_finished_maps_wait_while_a_lasso_is_drawn(shown, job, selection, monkeypatch):
    asked = []
    monkeypatch.setattr(shown.source, "ask", lambda *what: asked.append(what))
    points = shown.maps.points
    lasso = box(points, "raw", points.ids[60:80])
    selection.choose(lasso_a=lasso)
    group = selection.group_a
    job.state = "finished"
    shown.tick()
    assert not asked
    assert shown.bar.state["job"]["words"] == "t-SNE is ready"
    shown.run(shown.bar.state["job"]["command"])
    assert len(asked) == 1
    assert selection.lasso_a is None
    assert selection.group_a == group


def test_a_job_that_failed_says_of_what(shown, job):
    job.state = "failed"
    shown.tick()
    assert "out of memory" in shown.bar.state["form"]["problem"]
    assert shown.bar.state["job"] is None


def test_other_maps_that_are_asked_for_meanwhile_are_not_overtaken(
    shown, job, monkeypatch
):
    """A job that was begun for settings that are no longer wanted ends."""
    waiting = []
    monkeypatch.setattr(
        "stellar_gui.views.domain_source.in_background",
        lambda *work: waiting.append(work),
    )
    settings = shown.source.shown.request.settings
    for perplexity in (11, 12):
        shown.source.ask(NAME, dataclasses.replace(settings, perplexity=perplexity))
    found = []
    for work, then in waiting:
        found.append(work())
        then(found[-1])
    assert shown.source.shown.request.settings.perplexity == 12
    assert (found[0].job.folder / "stop").exists()
    assert not found[0].job.is_awaited
    assert found[1].job.is_awaited


# ---- several sessions


@pytest.fixture
def counting(monkeypatch):
    """Processes are started, which count instead of laying out."""
    jobs = []

    def start(job, module, request):
        jobs.append(Job(job.folder))
        _START(job, "tests.counting_job", {"to": 100_000, "seconds": 0.02})

    monkeypatch.setattr(Job, "start", start)
    yield jobs
    for job in jobs:
        job.stop()
    _until(lambda: jobs[0].state != "running")


@pytest.fixture
def tabs(counting):
    """Two tabs that wait for the same map."""
    tabs = [open_domains().page for _ in range(2)]
    assert len(counting) == 1
    assert tabs[0].source.job.folder == tabs[1].source.job.folder
    for tab in tabs:
        tab.tick()
        assert tab.bar.state["job"]["command"] == "stop_maps"
    yield tabs
    for tab in tabs:
        tab.source.leave()


def _until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def _goes_on(job):
    done = job.progress.done
    _until(lambda: job.progress.done > done + 2)
    assert job.state == "running"


def test_a_tab_that_stops_leaves_the_map_to_the_other(tabs, counting):
    one, other = tabs
    one.run("stop_maps")
    said = "PCA now; t-SNE: stopped; another tab waits for it"
    assert one.bar.state["job"]["words"] == said
    _goes_on(other.source.job)
    one.tick()
    assert one.bar.state["job"]["command"] == "start_maps"
    other.tick()
    other.run(other.bar.state["job"]["command"])
    assert other.bar.state["job"]["words"] == "PCA now; t-SNE: stopped"
    _until(lambda: counting[0].state == "stopped")


def test_a_tab_that_has_stopped_can_start_again(tabs, counting):
    one, other = tabs
    one.run("stop_maps")
    one.run(one.bar.state["job"]["command"])
    one.tick()
    assert one.bar.state["job"]["command"] == "stop_maps"
    other.run("stop_maps")
    _goes_on(one.source.job)
    one.run("stop_maps")
    _until(lambda: counting[0].state == "stopped")
    other.run("start_maps")
    assert other.source.job.state == "running"
    _goes_on(other.source.job)


def test_a_map_is_given_up_when_the_last_tab_that_waits_is_closed(tabs, counting):
    one, other = tabs
    one.run("stop_maps")
    other.source.leave()
    _until(lambda: counting[0].state == "stopped")


def test_a_map_goes_on_when_tabs_are_closed_without_a_word(tabs, counting):
    for tab in tabs:
        job = tab.source.job
        tab.source.leave()
    assert not job.is_awaited
    _goes_on(job)


def test_a_job_that_stops_although_it_is_awaited_is_started_again(shown, job, started):
    """It looked who waits for it just before this session began to."""
    before = len(started)
    shown.source._wanted = (shown.source.shown.request, NAME)
    job.state = "stopped"
    shown.tick()
    assert len(started) == before + 1


def test_maps_that_a_session_shows_are_marked_until_it_ends(tabs, counting):
    source = tabs[0].source
    request = source.shown.request
    maps = Maps()
    kept = maps.keep(maps.compute(request.changed(MapSettings(method="pca"))))
    source.stop()
    for _ in range(2):
        source.ask(NAME, MapSettings(method="pca"))
        assert len(list(kept.parent.glob("open~*"))) == 1
    source.leave()
    assert not is_marked(kept.parent)
