"""The application without a browser: commands, what follows from them, sessions."""

import gc
import weakref

import panel as pn
import pytest
from bokeh.document import Document

from stellar_gui.app import App, allowed_origins, read_query, serve
from stellar_gui.io import write_spectra
from stellar_gui.library import Library
from stellar_gui.models import save_model
from stellar_gui.training.run import Run, Status
from stellar_gui.views.notify import faults_go_to, guarded

from .small_survey import small_cannon, small_survey


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    write_spectra(folder / "small.h5", small_survey(20))
    save_model(small_cannon(), folder / "cannon.safetensors")
    return Library([folder / "small.h5", folder / "cannon.safetensors"])


@pytest.fixture
def app(library):
    app = App(library, {"star": "star-0003"})
    app.said = []
    app.notify = lambda kind, text: app.said.append((kind, text))
    yield app
    app.close()
    app.session.wait(20)


def test_commands_move_through_the_survey(app):
    app.run("next")
    assert app.selection.star == "star-0004"
    app.run("previous")
    app.run("previous")
    assert app.selection.star == "star-0002"
    assert app.shell.query == "?star=star-0002"


def test_labels_and_context_follow_the_star(app):
    page = app.view("star")
    before = page.labels.table.state, page.context.bar.state
    app.run("next")
    assert page.labels.table.state["rows"] != before[0]["rows"]
    assert page.context.bar.state["place"] != before[1]["place"]
    shown = page.labels.table.state["rows"][0]["cells"][0]["text"]
    fit = app.session.fit("Cannon", "star-0004")
    assert shown.replace("\u2009", "").startswith(f"{fit.labels[0, 0]:.0f}")


def test_a_part_of_an_id_finds_a_star(app):
    app.run("find", "0017")
    assert app.selection.star == "star-0017"
    app.run("find", "nobody")
    assert app.selection.star == "star-0017"
    assert app.said[-1][0] == "warning"
    assert "no star has 'nobody' in its id" in app.said[-1][1]


def test_the_address_is_followed_without_raising(app):
    app.run("address", "?star=star-0009&models=Nobody")
    assert app.selection.star == "star-0009"
    assert app.selection.models == ("Cannon",)


def test_a_fault_in_a_command_is_said_and_the_session_lives(app):
    app.view("star").spectrum.next_piece = lambda step: 1 / 0
    app.run("piece_on")
    assert app.said[-1][0] == "error"
    app.run("next")
    assert app.selection.star == "star-0004"


def test_unknown_commands_do_nothing(app):
    app.run("format the disk")
    assert app.said == []


def test_a_bad_file_is_said(app, tmp_path):
    path = tmp_path / "empty.fits"
    path.touch()
    app.run("open_path", str(path))
    assert app.said[-1] == (
        "error",
        "empty.fits was not opened: empty.fits is empty. Fetch or make the file again.",
    )


def test_an_opened_file_is_looked_at(app, tmp_path):
    write_spectra(tmp_path / "mine.h5", small_survey(2, seed=5, prefix="mine"))
    app.run("open_path", str(tmp_path / "mine.h5"))
    assert app.selection.star == "mine-0000"
    assert app.session.fit("Cannon", "mine-0000").chi2[0] > 0


def test_an_opened_model_is_shown(app, tmp_path):
    save_model(small_cannon(1), tmp_path / "linear.safetensors")
    app.run("open_path", str(tmp_path / "linear.safetensors"))
    assert app.selection.models == ("Cannon", "Cannon 2")
    titles = [model["title"] for model in app.view("star").labels.table.state["models"]]
    assert titles == ["Cannon", "Cannon 2"]
    assert [model.name for model in app.view("star").spectrum.figures.models] == titles


def test_the_app_starts_without_spectra_and_says_what_to_do(library):
    app = App(Library(library.model_paths), {})
    app.said = []
    app.notify = lambda kind, text: app.said.append((kind, text))
    assert app.empty.visible
    app.run("stars")
    app.run("next")
    app.run("find", "sun")
    assert "there is no star to find yet" in app.said[-1][1]
    app.run("open_example", app.empty.state["files"][0][1])
    assert not app.empty.visible
    assert app.selection.star == app.session.ids[0]
    app.close()
    app.session.wait(20)


def test_an_empty_search_changes_nothing(app):
    app.run("find", "  ")
    assert app.selection.star == "star-0003"
    assert app.said == []


def test_an_address_that_is_no_text_is_read_as_far_as_it_can_be(library):
    query = read_query({"star": [b"\xff"], "models": [b"none"]})
    assert query == {"star": "\ufffd", "models": "none"}
    app = App(library, query)
    assert app.selection.star == "star-0000"
    assert app.selection.models == ()
    app.close()
    app.session.wait(20)


class Told:
    """Remembers what it is told."""

    def __init__(self):
        self.said = []

    def say(self, kind, text):
        self.said.append((kind, text))


def test_a_fault_in_an_event_is_said_and_nothing_is_raised(monkeypatch):
    document = Document()
    monkeypatch.setattr(type(pn.state), "curdoc", document)
    told = Told()
    faults_go_to(told.say)
    guarded(lambda value: 1 / value)(0)
    assert told.said == [
        ("error", "that did not work: division by zero; nothing else has changed")
    ]
    del told
    gc.collect()
    guarded(lambda value: 1 / value)(0)  # nobody is left to tell


def test_an_upload_that_cannot_be_stored_is_ended(app, monkeypatch):
    answers = []
    app.files.close()  # as if the disk were gone
    monkeypatch.setattr(app.dialogs, "acknowledge", answers.append)
    value = {"name": "a.h5", "first": True, "last": False, "data": "AAAA"}
    app.run("upload", value)
    assert answers == [False]
    assert "a.h5 was not uploaded" in app.said[-1][1]


def test_an_address_that_no_browser_could_reach_is_refused():
    with pytest.raises(ValueError, match=r"--allow-origin myhost\.example\.org:5006"):
        serve(address="0.0.0.0")


def test_browsers_may_come_under_the_names_that_are_allowed():
    assert allowed_origins("127.0.0.1", 5006, []) is None
    assert allowed_origins("10.0.0.7", 5006, []) == ["10.0.0.7:5006"]
    assert "lab.example.org:80" in allowed_origins(
        "0.0.0.0", 5006, ["lab.example.org:80"]
    )


def test_two_apps_share_no_state(app, library):
    other = App(library, {"star": "star-0003"})
    app.run("next")
    app.run("theme", "dark")
    assert other.selection.star == "star-0003"
    assert other.theme == "light"
    other.close()


def test_an_upload_in_parts_becomes_one_file(app, tmp_path):
    import base64

    path = tmp_path / "mine.h5"
    write_spectra(path, small_survey(1, seed=6, prefix="part"))
    data = path.read_bytes()
    half = len(data) // 2
    for part, first, last in ((data[:half], True, False), (data[half:], False, True)):
        text = base64.b64encode(part).decode()
        value = {"name": "../mine.h5", "first": first, "last": last, "data": text}
        app.run("upload", value)
    assert app.selection.star == "part-0000"


def test_a_closed_session_is_forgotten(library):
    app = App(library, {})
    gone = weakref.ref(app.session)
    app.close()
    app.session.wait(20)
    del app
    gc.collect()
    assert gone() is None


def test_the_top_bar_counts_the_runs_that_are_trained(app, tmp_path, monkeypatch):
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(tmp_path))
    monkeypatch.setattr("stellar_gui.app._COUNT_EVERY", 0.0)
    app.tick()
    assert app.top.state["training"] == ""
    for name in ("payne-001", "payne-002"):
        run = Run.create(tmp_path / name, {"method": "payne"})
        run.write_status(Status("running"))
    app.tick()
    assert app.top.state["training"] == "2 runs training"
    run.write_status(Status("stopped"))
    app.tick()
    assert app.top.state["training"] == "1 run training"
    app.run("page", "training")
    assert app.top.state["training"] == ""  # the page itself says it
