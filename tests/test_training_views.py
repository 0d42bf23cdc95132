"""The Training page without a browser: the form, the words of runs, what is drawn."""

import json
import os
import re

import numpy as np
import pytest

from stellar_gui.plots.loss_panel import Line
from stellar_gui.plots.losses import Course, LossFigures
from stellar_gui.plots.replay import ReplayLine, ReplayPlot, Track
from stellar_gui.plots.style import Painter
from stellar_gui.training.run import Run, Status
from stellar_gui.training.runs import list_runs
from stellar_gui.views.run_bar import banner_state, bar_state
from stellar_gui.views.training_curves import CurvesView

LINES = [
    Line("rec_obs", "rec_obs", "rec_obs", "observed_domain"),
    Line("critic_obs", "critic_obs", None, "observed_domain", panel="critic"),
]


def _rows(steps):
    steps = np.asarray(steps, dtype=float)
    return {"step": steps, "rec_obs": 10.0 / steps, "critic_obs": 0.69 + 0 * steps}


def _log(path, steps):
    with (path / "metrics.jsonl").open("a") as file:
        for step in steps:
            row = {"step": step, "elapsed": 0.1 * step, "loss": 1e-4 / step}
            if step % 10 == 0:
                row |= {"validation_score": 0.01 / step, "validation_rms": 0.02 / step}
            file.write(json.dumps(row) + "\n")


@pytest.fixture
def run(tmp_path):
    made = Run.create(
        tmp_path / "payne-001", {"method": "payne", "data": "a.h5", "options": {}}
    )
    _log(made.path, range(1, 31))
    return made


@pytest.fixture
def summary(run):
    def of(state, **facts):
        run.write_status(Status(state, step=30, total_steps=100, **facts))
        return list_runs(run.path.parent)[0]

    return of


# ---- figures


@pytest.fixture
def figures():
    figures = LossFigures(Painter())
    figures.use(LINES, {"loss": "loss", "critic": "critics"})
    figures.set(_rows(range(1, 101)), _rows([50, 100]))
    figures.show_steps(100, 100, 0)
    return figures


def test_losses_are_drawn_by_their_logarithm_or_as_they_are(figures):
    assert figures.thin.data["thin_0"][0] == pytest.approx(1.0)
    figures.set_scale(False)
    assert figures.thin.data["thin_0"][0] == pytest.approx(10.0)
    assert figures.thin.data["thin_1"][0] == pytest.approx(0.69)


def test_a_loss_of_zero_leaves_a_hole_in_a_logarithmic_axis(figures):
    rows = _rows(range(1, 4))
    rows["rec_obs"][1] = 0.0
    figures.set(rows, _rows([]))
    assert np.isnan(figures.thin.data["thin_0"]).tolist() == [False, True, False]


def test_only_what_is_new_is_added_and_smoothing_goes_on(figures):
    whole = figures.thin.data["mean_1"]
    figures.set(_rows(range(1, 61)), _rows([50]))
    figures.add(_rows(range(61, 101)), _rows([100]))
    np.testing.assert_allclose(figures.thin.data["mean_1"], whole, rtol=1e-6)
    assert list(figures.bold.data["step"]) == [50, 100]


def test_names_stand_at_the_ends_of_lines_right_of_the_last_step(figures):
    ends = figures.panels["loss"].ends.data
    assert list(ends["text"]) == ["rec_obs"]
    assert ends["x"][0] == 100
    assert figures.x_range.end >= 120


def test_names_are_apart_and_whole_inside_the_panel(figures):
    panel = figures.panels["loss"]
    panel.y_range.update(start=0.0, end=1.0)
    panel.name_ends([(9, 0.0, "a", "ink"), (9, 0.01, "b", "ink")], shared=False)
    low, high = panel.ends.data["y"]
    gap = high - low
    assert gap > 0.01
    assert low == pytest.approx(gap / 2)


def test_a_line_that_is_not_drawn_has_no_data(figures):
    for renderer in figures.panels["loss"].figure.renderers:
        if not renderer.visible:
            assert len(renderer.data_source.data["step"]) == 0


def test_the_axis_keeps_still_while_there_is_room(figures):
    end = figures.x_range.end
    figures.show_steps(102, 102, 0)
    assert figures.x_range.end == end
    figures.show_steps(400, 400, 0)
    assert figures.x_range.end > 400


def test_without_a_run_there_is_no_empty_axis():
    figures = LossFigures(Painter())
    assert not figures.axis.xaxis[0].visible
    figures.show_steps(3, 3, 0)
    assert figures.axis.xaxis[0].visible


def test_other_runs_are_named_where_they_end(figures):
    steps = np.arange(1.0, 61.0)
    figures.compare([Course("payne-002 rms", steps, 1 / steps, "payne")])
    figures.show_steps(100, 100, 0)
    ends = figures.panels["loss"].ends.data
    assert dict(zip(ends["text"], ends["x"], strict=True))["payne-002 rms"] == 60


def test_how_a_run_ended_is_written_at_the_top_of_its_last_step(figures):
    figures.mark_end("crashed")
    figures.set(_rows(range(1, 201)), _rows([100]))  # read afterwards
    figures.show_steps(200, 200, 0)
    label = figures._crash
    assert (label.text, label.visible, label.x) == ("crashed", True, 200)
    assert label.y == figures.panels["loss"].y_range.end


def test_the_names_of_lines_change_with_the_theme(figures):
    before = list(figures.panels["loss"].ends.data["color"])
    painter = figures._painter
    painter.repaint("dark")
    figures.repaint()
    assert list(figures.panels["loss"].ends.data["color"]) != before


def test_the_handle_of_the_replay_stands_at_its_checkpoint():
    moved = []
    track = Track(Painter(), LossFigures(Painter()).x_range, moved.append)
    track.show([1, 10, 100], 10)
    sources = {r.data_source.name: r.data_source for r in track.figure.renderers}
    assert list(sources["checkpoints"].data["step"]) == [1, 10, 100]
    assert list(sources["replay-handle"].data["step"]) == [10]


def test_a_star_is_drawn_with_its_models_or_with_words():
    plot = ReplayPlot(Painter())
    wavelength = np.linspace(5000, 5010, 30)
    flux = np.linspace(0.5, 1.0, 30)
    plot.set_star(wavelength, flux, "air")
    plot.set_lines(wavelength, [ReplayLine("Payne", flux, "payne")])
    plot.set_latents({"obs": np.ones((5, 2)), "synth": -np.ones((5, 2))})
    spectrum, latents = plot.layout.children
    assert latents.visible
    assert spectrum.xaxis[0].axis_label == "wavelength / Å (air)"
    plot.set_latents(None)
    assert not latents.visible


def test_no_latent_is_cut_from_the_map():
    plot = ReplayPlot(Painter())
    far = np.array([[0.0, 0.0], [0.1, 0.1], [-0.2, 9.0]])
    plot.set_latents({"obs": far, "synth": np.full((200, 2), 0.05)})
    shown = plot.layout.children[1]
    low = shown.x_range.start, shown.y_range.start
    high = shown.x_range.end, shown.y_range.end
    assert (far > low).all()
    assert (far < high).all()
    assert low[1] > -1.0  # nor is half of the map left empty


# ---- what is read from runs


def test_curves_grow_with_the_run(run):
    view = CurvesView()
    assert view.empty.visible
    view.show(run.path, "payne")
    assert not view.empty.visible
    view.show_steps(30, 100)
    assert len(view.figures.thin.data["step"]) == 30
    assert view.figures.thin.data["thin_0"][0] == pytest.approx(-2.0)  # root of 1e-4
    _log(run.path, range(31, 41))
    view.read()
    assert view.figures.thin.data["step"][-1] == 40
    assert view.readout[0]["column"] == "bold_0"


def test_losses_are_drawn_up_to_now_unless_asked_to_the_end(run):
    view = CurvesView()
    view.show(run.path, "payne")
    view.show_steps(30, 100_000)
    assert view.title.state["range"] == "now"
    assert 30 < view.figures.x_range.end < 60
    view._hear("range", "end")
    assert view.figures.x_range.end >= 100_000


def test_two_runs_are_drawn_together(run, tmp_path):
    other = Run.create(tmp_path / "payne-002", run.config)
    _log(other.path, range(1, 61))
    view = CurvesView()
    view.show(run.path, "payne")
    view.compare([("payne-002", other.path, "payne")])
    view.show_steps(30, 100)
    assert "payne-002 rms" in list(view.figures.panels["loss"].ends.data["text"])
    assert view.figures.x_range.end > 60


# ---- words


def test_buttons_that_cannot_work_say_why(summary):
    buttons = {
        b["text"]: b for b in bar_state(summary("finished"), None, False)["buttons"]
    }
    assert buttons["Pause"]["reason"] == "the run has finished"
    assert buttons["Fork"]["reason"] == "no checkpoint was kept yet"
    assert not buttons["Export"]["reason"]


def test_a_stopped_run_can_be_resumed_and_forked_where_the_replay_stands(summary):
    buttons = [
        b["text"] for b in bar_state(summary("stopped"), 22_000, True)["buttons"]
    ]
    assert buttons[0] == "Resume"
    assert "Fork at 22\u2009000" in buttons


def test_a_crashed_run_says_when_it_was_last_heard_of(summary):
    crashed = summary("crashed")
    pace = bar_state(crashed, None, False)["run"]["pace"]
    assert re.fullmatch(r"last sign of life \d\d:\d\d:\d\d", pace)
    os.utime(crashed.path / "status.json", (0, 86_400 * 200))
    pace = bar_state(crashed, None, False)["run"]["pace"]
    assert re.fullmatch(r"last sign of life \d+ \w+ 1970, \d\d:\d\d", pace)


def test_the_banner_says_what_is_safe_and_how_to_go_on(summary):
    failed = summary("failed", message="loss is nan")
    banner = banner_state(failed, [10, 20])
    assert banner["title"] == "Run payne-001 stopped at step 30."
    assert banner["text"] == "Loss is nan. Checkpoint 20 is safe."
    assert banner["actions"][0]["text"] == "Resume from 20"
    assert "nothing can go on" in banner_state(failed, [])["text"]
    assert banner_state(summary("finished"), [10]) is None


def test_too_little_memory_is_answered_with_a_button_for_the_batch_that_fits(summary):
    failed = summary(
        "failed", device="mps", message="too little memory", fitting_batch=32
    )
    banner = banner_state(failed, [10, 20])
    action = banner["actions"][0]
    assert "more memory than mps has; 32 spectra fit. Checkpoint 20" in banner["text"]
    assert (action["text"], action["command"]) == (
        "Go on from 20, batch 32",
        "smaller_batch",
    )
    assert banner_state(failed, [])["actions"][0]["text"] == "Start again, batch 32"
