"""Labels of all stars on the Survey page: compared, in planes, and those not there."""

import numpy as np
import pytest

from stellar_gui.views.survey import SurveyPage
from tests.surveyed import N_TEST, fit_sample, models, opened, survey_stars

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
    return survey


# ---- what is drawn


def test_bias_and_scatter_are_those_of_the_model_that_is_chosen(survey):
    survey.labels.hear("method", "Linear")
    fits = survey.source.facts.fits["Linear"]
    away = fits.label("teff") - SPECTRA.labels[:N_TEST, 0]
    away = away[fits.converged & np.isfinite(away)]
    text = survey.labels.plots["labels"]._words[0].text
    assert f"n {len(away)}" in text
    assert text.split("\n")[0].removeprefix("bias ").replace("−", "-") == (
        f"{np.median(away):+.0f}"
    )


@pytest.mark.parametrize("tab", ["pulls", "kiel", "mg_fe"])
def test_every_tab_draws_the_stars(survey, tab):
    survey.labels.hear("tab", tab)
    plot = survey.labels._shown_plot
    if tab == "pulls":
        counts = plot._bars[0][0].data["top"]
        assert 0 < counts.sum() <= N_TEST
    else:
        x = plot.points.source.data["x_0"]
        assert np.isfinite(x).sum() == N_TEST - 1
    assert survey.labels.title.state["figures"]


def test_the_tab_that_is_looked_at_is_shown_alone_however_often(survey):
    pane = {"labels": "labels", "pulls": "pulls", "kiel": "plane", "mg_fe": "plane"}
    for tab in ("kiel", "labels", "kiel", "pulls", "mg_fe", "labels", "pulls"):
        survey.labels.hear("tab", tab)
        shown = [name for name, one in survey.labels._panes.items() if one.visible]
        assert shown == [pane[tab]]
        assert all(one.object.visible for one in survey.labels._panes[pane[tab]])
    survey.labels.hear("tab", "duel")
    assert not any(one.visible for one in survey.labels._panes.values())


def test_points_take_the_colour_of_a_quantity(survey):
    survey.labels.hear("colour", "snr")
    shade = survey.labels.plots["labels"].points.source.data["shade"]
    snr = SPECTRA.snr()[:N_TEST]
    known = np.isfinite(shade)
    assert np.corrcoef(shade[known], snr[known])[0, 1] > 0.95
    assert survey.labels.tabs.state["scale"]["title"] == "S/N"


def test_the_duel_lists_what_models_and_reference_disagree_on_most_first(survey):
    survey.labels.hear("tab", "duel")
    state = survey.labels.duel.table.state
    assert [m["title"] for m in state["models"]] == ["Cannon", "Linear"]
    pulls = [abs(float(r["worst"].replace("−", "-"))) for r in state["rows"]]
    assert pulls == sorted(pulls, reverse=True)
    survey.selection.star = IDS[3]
    assert survey.labels.duel.table.state["star"] == IDS[3]


def test_stars_without_labels_are_shown_without_a_comparison(folders):
    bare = SPECTRA.replace(labels=None, label_names=(), labels_sigma=None)
    fit_sample(bare, MODELS)
    session, selection = opened(bare, MODELS)
    survey = SurveyPage(selection, session)
    for tab in ("labels", "pulls"):
        survey.labels.hear("tab", tab)
        assert survey.labels.nothing.visible
        assert "came without labels" in survey.labels.nothing.state["text"]
    survey.labels.hear("tab", "kiel")
    assert not survey.labels.nothing.visible
    assert len(survey.labels.plots["plane"].points._star.data["x_0"]) == 1
    assert survey.triage.list.state["total"] == N_TEST


# ---- labels that are not there


def test_a_plane_of_a_label_that_the_model_lacks_says_so_and_who_has_it(survey):
    labels = survey.labels
    labels.hear("tab", "mg_fe")
    assert not labels.nothing.visible
    labels.hear("method", "Linear")
    text = "Linear gives no [Mg/Fe]: its labels are Teff, log g, [Fe/H]."
    assert labels.nothing.visible
    assert not labels._panes["plane"].visible
    assert labels.nothing.state["text"] == text
    assert labels.title.state["sentence"] == f"Nothing is drawn. {text}"
    assert labels.title.state["figures"] == []
    (button,) = labels.nothing.state["buttons"]
    assert button[0] == "Show Cannon"
    labels.hear(*button[1:])
    assert not labels.nothing.visible
    assert labels._panes["plane"].visible
    assert labels.title.state["figures"]
    labels.hear("method", "Linear")
    labels.hear("tab", "kiel")
    assert not labels.nothing.visible


@pytest.fixture
def own_survey(folders):
    """A survey without [Mg/H], and a Cannon that was trained without it."""
    own = SPECTRA.replace(
        labels=SPECTRA.labels[:, :3],
        label_names=SPECTRA.label_names[:3],
        labels_sigma=SPECTRA.labels_sigma[:, :3],
    )

    def page(*names):
        chosen = {name: MODELS[name] for name in names}
        fit_sample(own, chosen)
        session, selection = opened(own, chosen)
        return SurveyPage(selection, session)

    return page


def test_a_survey_without_magnesium_offers_none(own_survey):
    survey = own_survey("Linear")
    labels = survey.labels
    assert [one.text.split()[0] for one in labels.plots["labels"]._words[:3]] == (
        ["bias"] * 3
    )
    assert labels.title.state["sub"] == ""
    offered = str([labels.tabs.state, survey.pixels.stack.title.state])
    assert "[Fe/H]" in offered
    assert "[Mg/H]" not in offered
    labels.hear("tab", "mg_fe")
    assert "Linear gives no [Mg/Fe]" in labels.nothing.state["text"]
    assert labels.nothing.state["buttons"] == []


def test_a_label_without_a_reference_is_named(own_survey):
    labels = own_survey("Cannon").labels
    assert labels.title.state["sub"] == "no reference: [Mg/Fe]"
    assert len(labels.title.state["table"]["rows"]) == 3
    labels.hear("tab", "mg_fe")
    assert labels.title.state["sub"] == ""
    assert not labels.nothing.visible


def test_a_label_that_one_model_alone_has_can_be_coloured_by(own_survey):
    survey = own_survey("Linear", "Cannon")
    assert survey.source.facts.judge == "Linear"
    survey.labels.hear("colour", "mg_h")
    assert survey.labels.tabs.state["scale"]["title"] == "[Mg/H]"
    shade = survey.labels.plots["labels"].points.source.data["shade"]
    assert np.isfinite(shade).sum() == N_TEST - 1


def test_a_reference_without_a_value_is_none(folders):
    values = SPECTRA.labels.copy()
    values[:, 3] = np.nan
    bare = SPECTRA.replace(labels=values)
    fit_sample(bare, MODELS)
    session, selection = opened(bare, MODELS)
    labels = SurveyPage(selection, session).labels
    assert labels.title.state["sub"] == "no reference: [Mg/Fe]"
    assert len(labels.title.state["table"]["rows"]) == 3
