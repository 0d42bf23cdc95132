"""The Survey page without a browser: it follows fits, selection and decisions."""

import numpy as np
import pytest
from astropy.table import Table
from bokeh.events import Tap

from stellar_gui.plots.style import TOKENS
from stellar_gui.surveys import Triage
from stellar_gui.views.survey import SurveyPage
from stellar_gui.views.survey_bar import empty_state
from stellar_gui.views.survey_source import SurveySource
from tests.surveyed import FAILED, N_TEST, fit_sample, models, opened, survey_stars

SPECTRA, MODELS = survey_stars(), models()
IDS = SPECTRA.ids.tolist()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A cache with all fits of the held-out stars, and a place for decisions."""
    cache = tmp_path_factory.mktemp("surveys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STELLAR_GUI_CACHE", str(cache / "cache"))
        patch.setenv("STELLAR_GUI_RUNS", str(cache / "runs"))
        fit_sample(SPECTRA, MODELS)
        yield cache


@pytest.fixture
def survey(folders):
    session, selection = opened(SPECTRA, MODELS)
    survey = SurveyPage(selection, session)
    survey.selection = selection
    yield survey
    survey.source.triage.path.unlink(missing_ok=True)


@pytest.fixture
def empty_page(tmp_path, monkeypatch):
    """A page without any fits, and what the user has downloaded from it."""
    monkeypatch.setenv("STELLAR_GUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(tmp_path / "runs"))
    session, selection = opened(SPECTRA, MODELS)
    return SurveyPage(selection, session)


def tap(fig, x, y):
    fig._trigger_event(Tap(fig, x=x, y=y))


def drawn(survey, side="physics"):
    return survey.pixels.densities[side]._image.data["image"][0]


# ---- what is shown


def test_the_bar_says_which_stars_which_models_and_how_many_failed(survey):
    state = survey.bar.state
    assert state["sample"] == "held out"
    assert state["samples"][0] == ["held out", f"held out · {N_TEST} stars"]
    assert [m["value"] for m in state["models"]] == ["Cannon", "Linear"]
    good, bad = state["chips"]
    assert good["text"] == f"{N_TEST - 1} converged"
    assert (bad["text"], bad["command"]) == ("1 failed", "failed")
    assert state["button"]["reason"] == "every star is fitted by every model"
    assert state["canExport"]


def test_densities_say_how_many_stars_and_pixels_they_count(survey):
    zscore = survey.source.facts.fits["Cannon"].zscore
    overall = survey.pixels._drawing.pixels["physics"].density.overall
    assert overall.n_values == np.isfinite(zscore).sum()
    assert (
        f"{N_TEST - 1} of {N_TEST} stars × 240 pixels"
        in survey.pixels.title.state["sub"]
    )
    words = survey.pixels.densities["physics"]._words.text
    assert f"std {zscore[np.isfinite(zscore)].astype(float).std():.2f}" in words


def test_flux_differences_are_drawn_on_an_axis_of_their_own(survey):
    before = drawn(survey)
    survey.pixels.hear("which", "difference")
    assert not np.array_equal(drawn(survey), before)
    figure = survey.pixels.densities["physics"].figure
    assert figure.y_range.end == pytest.approx(0.08)
    assert "Δ flux" in survey.pixels.densities["transfer"]._words.text


def test_the_readout_has_the_median_of_every_pixel(survey):
    data = survey.pixels.pixels.data
    zscore = survey.source.facts.fits["Linear"].zscore.astype(np.float32)
    known = np.isfinite(zscore).any(axis=0)
    at = np.flatnonzero(np.isin(data["wavelength"], SPECTRA.wavelength[known]))
    expected = np.nanmedian(zscore[:, known], axis=0)
    np.testing.assert_allclose(data["median_transfer"][at], expected, atol=1e-3)


def test_rows_of_the_stack_are_sorted_by_the_chosen_label(survey):
    survey.pixels.stack.sort_by("mg_h")
    order = survey.pixels.stack._stack.order
    values = SPECTRA.labels[order, SPECTRA.label_names.index("mg_h")]
    assert (np.diff(values) >= 0).all()
    assert survey.pixels.stack.plot.figure.yaxis.axis_label == "stars, sorted by [Mg/H]"
    survey.run("sort_next")
    assert survey.pixels.stack.sort != "mg_h"


# ---- what is selected


def test_a_click_in_the_stack_selects_pixel_window_and_star(survey):
    stack = survey.pixels.stack
    row = len(stack._stack.image) - 1
    tap(stack.plot.figure, 3.05, row + 0.4)
    wavelength = survey.selection.pixel
    assert wavelength == pytest.approx(SPECTRA.wavelength[30], abs=0.11)
    low, high = survey.selection.window
    assert low < wavelength < high
    assert survey.selection.star in survey.source.sample.ids[stack._stack.stars_at(row)]
    assert stack.plot._star.data["y"] == [row + 0.5]


def test_a_click_in_a_density_picks_a_pixel_and_no_star(survey):
    star = survey.selection.star
    tap(survey.pixels.densities["transfer"].figure, 8.0, 1.0)
    assert survey.selection.pixel is not None
    assert survey.selection.star == star
    assert survey.pixels.picked.data["x"] == pytest.approx([8.0], abs=0.1)
    survey.escape()
    assert survey.selection.pixel is None
    assert survey.pixels.picked.data["x"] == []


def test_a_click_on_a_point_selects_its_star(survey):
    plot = survey.labels.plots["labels"]
    place = 11
    x, y = plot.points._points[place, 1]
    tap(plot.figures[1], x, y)
    assert survey.selection.star == IDS[place]
    assert plot.points._star.data["x_1"][0] == pytest.approx(x, rel=1e-5)


def test_groups_are_marked_in_the_stack_and_among_the_points(survey):
    survey.selection.choose(group_a=IDS[:3], group_b=IDS[50:52])
    assert len(survey.pixels.stack.plot._groups[0].data["y"]) == 3
    assert len(survey.pixels.stack.plot._groups[1].data["y"]) == 0  # not in the sample
    assert len(survey.labels.plots["labels"].points._groups[0].data["x_0"]) == 3


# ---- triage


def test_stars_are_listed_strangest_first_and_the_keys_walk_along(survey):
    rows = survey.triage.list.state["rows"]
    assert rows[0]["id"] == IDS[FAILED]
    assert rows[0]["kind"] == "bad"
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    survey.selection.star = rows[1]["id"]
    survey.run("triage_next")
    assert survey.selection.star == rows[2]["id"]
    survey.run("triage_back")
    assert survey.selection.star == rows[1]["id"]


def test_decisions_are_kept_for_whoever_opens_the_spectra_next(survey):
    survey.selection.star = IDS[5]
    survey.run("accept")
    survey.triage.run("save_note", "a fine star")
    other = SurveyPage(*reversed(opened(SPECTRA, MODELS)))
    row = next(r for r in other.triage.list.state["rows"] if r["id"] == IDS[5])
    assert (row["verdict"], row["note"]) == ("accepted", "a fine star")
    other._selection.star = IDS[5]
    other.run("flag")
    survey.tick()
    row = next(r for r in survey.triage.list.state["rows"] if r["id"] == IDS[5])
    assert row["verdict"] == "flagged"


def test_the_same_decision_again_and_undo_take_it_back(survey):
    triage = Triage(survey.source.facts.fits["Cannon"].facts["data"])
    survey.selection.star = IDS[9]
    survey.run("flag")
    assert triage.decision(IDS[9]).verdict == "flagged"
    survey.run("flag")
    assert triage.decision(IDS[9]).verdict == ""
    survey.run("accept")
    survey.selection.star = IDS[10]
    survey.run("survey_undo")
    assert survey.selection.star == IDS[9]
    survey.run("survey_undo")
    assert triage.decision(IDS[9]).verdict == ""


def test_a_star_of_another_sample_cannot_be_decided_on(survey):
    survey.selection.star = IDS[N_TEST + 1]
    survey.run("accept")
    assert survey.source.triage.decisions() == {}
    assert survey.triage.list.state["reason"] == (
        "the selected star is not in this sample"
    )


def test_the_chip_of_failed_fits_lists_them_alone(survey):
    survey.run("failed")
    rows = survey.triage.list.state["rows"]
    assert [row["id"] for row in rows] == [IDS[FAILED]]
    assert "normalised" in rows[0]["why"]
    survey.escape()
    assert survey.triage.list.state["total"] == N_TEST


def test_the_exported_table_has_every_star_by_every_model(folders):
    texts = []
    session, selection = opened(SPECTRA, MODELS)
    survey = SurveyPage(
        selection, session, download=lambda name, text: texts.append((name, text))
    )
    survey.run("flag")
    survey.run("export_survey")
    survey.source.triage.path.unlink()
    name, text = texts[0]
    table = Table.read(text, format="ascii.ecsv")
    assert name == "survey_held_out.ecsv"
    assert len(table) == 2 * N_TEST
    assert set(table["model"]) == {"Cannon", "Linear"}
    assert table["decision"][0] == "flagged"
    assert set(table.meta["models"]) == {"Cannon", "Linear"}


# ---- without fits, and with some


def test_a_sample_that_is_being_read_is_not_said_to_be_missing():
    source = SurveySource(opened(SPECTRA, MODELS)[0], lambda: None)
    assert "reading the sample" in empty_state(source, True)["text"]
    assert "two stars or more" in empty_state(source, False)["text"]


def test_without_fits_one_sentence_and_the_button_say_what_to_do(empty_page):
    state = empty_page.empty.state
    assert "No star of this sample is fitted yet: 40 stars by 2 models" in state["text"]
    assert state["buttons"] == [["Fit all", "fit_all", None]]
    assert empty_page._nothing.visible
    assert not empty_page.bar.state["canExport"]
    for tab in ("labels", "kiel"):  # nothing is missing but fits
        empty_page.labels.hear("tab", tab)
        assert not empty_page.labels.nothing.visible


def test_what_is_fitted_so_far_is_shown_and_counted(empty_page):
    fit_sample(SPECTRA, MODELS, n_stars=16)
    empty_page.tick()
    assert not empty_page._nothing.visible
    assert "15 of 40 stars" in empty_page.pixels.title.state["sub"]
    assert empty_page.bar.state["button"]["text"] == "Resume"
    assert empty_page.triage.list.state["total"] == 16


def test_another_sample_and_another_model_can_be_looked_at(survey):
    survey.run("sample", "training")
    assert survey.source.sample.title == "training"
    assert survey._nothing.visible
    survey.run("sample", "held out")
    survey.run("model", ["physics", "Linear"])
    assert (
        survey.pixels.densities["physics"]._title.text == "data-driven model (Linear)"
    )


def test_the_theme_changes_in_place(survey):
    before = drawn(survey)
    survey.repaint("dark")
    assert drawn(survey) is before
    ground = survey.pixels.densities["physics"].figure.background_fill_color
    assert ground == TOKENS["dark"].surface
