"""The panel of a transfer: what it says, and labels that follow its sliders."""

import numpy as np
import pytest

from stellar_gui.analysis.transfer_words import comparisons, read_errors, verdict
from stellar_gui.analysis.transfer_words import read_scores as scores_of
from stellar_gui.fitting import fit_labels
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.star import StarPage
from tests.small_transfer import small_transfer
from tests.transfer_survey import scored_transfer, transfer_survey

NAME = "Cycle-StarNet"


@pytest.fixture(scope="module")
def model():
    return scored_transfer()


@pytest.fixture
def page(model):
    session = Session(transfer_survey(), {"Payne": model.emulator, NAME: model})
    selection = Selection(session.stars, tuple(session.models), star="obs-0002")
    page = StarPage(selection, session)
    page.transfer.open(True)
    yield page
    session.close()


def shown(page, label, model=1):
    rows = page.labels.table.state["rows"]
    (row,) = [row for row in rows if row.get("title") == label]
    text = row["cells"][model]["text"].split("\u2009±")[0].split(" ±")[0]
    return float(text.replace("−", "-").replace("\u2009", ""))


def test_a_third_model_is_fitted_and_drawn(page):
    assert page._session.awaited("obs-0002") == []
    assert np.isfinite(shown(page, "Teff"))
    assert page.labels.table.state["models"][1]["glyph"] == "▲"
    assert page.spectrum.title.state["models"][1]["scored"]
    assert not page.spectrum.title.state["models"][0]["scored"]


def test_a_fit_that_was_refused_meanwhile_is_not_awaited_for_ever(model, monkeypatch):
    session = Session(transfer_survey().replace(medium="vacuum"), {NAME: model})
    selection = Selection(session.stars, tuple(session.models), star="obs-0002")
    page = StarPage(selection, session)
    with monkeypatch.context() as patch:
        patch.setattr(session, "_is_awaited", lambda name, star: True)
        page.spectrum.update()
    reason = page.spectrum.figures.layout.select_one({"name": "reason-0"})
    assert "fitting" in reason.data["text"][0]
    page._settle()
    assert "on vacuum wavelengths" in reason.data["text"][0]
    assert page.labels.table.state["zero"] is None  # no labels, no zero points
    session.close()


def test_labels_follow_the_assumed_distribution_exactly(page):
    teff, ratio = shown(page, "Teff"), shown(page, "[Mg/H]")
    emulated = shown(page, "Teff", 0)
    chi2 = page.spectrum.numbers.state["models"]
    page.transfer.run("teff", 50)
    page.transfer.run("amount", -0.1)
    assert shown(page, "Teff") == pytest.approx(teff + 50, abs=1.01)  # as written
    assert shown(page, "[Mg/H]") == pytest.approx(ratio - 0.1, abs=0.011)
    assert shown(page, "Teff", 0) == emulated
    assert page.spectrum.numbers.state["models"] == chi2
    assert "shifted by Teff +50 K" in page.labels.table.state["zero"]
    page.transfer.run("reset")
    assert shown(page, "Teff") == teff
    assert "shifted" not in page.labels.table.state["zero"]


def test_a_shifted_fit_is_the_fit_through_the_shifted_model(model):
    """Nothing is fitted again when the sliders move; it would give the same."""
    survey, offsets = transfer_survey(), {"teff": 64.0, "mg_h": 0.125}
    session = Session(survey, {NAME: model})
    before = session.fit(NAME, "obs-0001")
    session.shift(NAME, offsets)
    session.settle("obs-0001")
    ours = session.fits_of("obs-0001", [NAME])[NAME]
    assert np.allclose(ours.labels - before.labels, [64.0, 0.0, 0.0, 0.125])
    again = fit_labels(model.shifted(offsets), survey[1])
    assert again.chi2 == pytest.approx(before.chi2, rel=1e-3)
    assert (np.abs(again.labels - ours.labels) < 0.05 * ours.sigma).all()


def test_an_unknown_label_cannot_be_shifted(page):
    with pytest.raises(ValueError, match="no label age in this model"):
        page._session.shift(NAME, {"age": 1.0})


def test_the_panel_says_every_score_beside_its_baseline(page):
    state = page.transfer.panel.state
    assert state["verdict"] == "1 of 2 scores failed: mixing of spectra"
    gap, mixing, split = state["scores"]
    assert gap["numbers"] == ["0.900", "0.700", "1.000"]
    assert (gap["word"], mixing["word"], split["word"]) == (
        "healthy",
        "failed",
        "not judged",
    )
    assert all(row["sentence"] for row in state["scores"])
    assert page.context.bar.state["transfer"]["text"] == "transfer failed"


def test_a_baseline_that_is_as_good_is_said(model):
    errors = read_errors(model.provenance)
    emulator, shift, cannon = comparisons(errors)
    assert emulator.startswith("emulator: worse than the transfer")
    assert shift.startswith("mean shift: as good as the transfer")
    assert cannon.startswith("Cannon: better than the transfer")
    assert verdict(scores_of(model.provenance)).startswith("1 of 2")


def test_the_panel_names_departures_and_the_retraining(page):
    state = page.transfer.panel.state
    sentences = [sentence for sentence, _ in state["departures"]]
    assert len(sentences) == 2  # batch_size is that of the paper
    assert any("noise on z_split" in sentence for sentence in sentences)
    assert state["retraining"]["labels"][0].startswith("Teff: assumed +60 K, labels")
    titles = [title for title, *_ in state["retraining"]["scores"]]
    assert "fitted labels in z_split, mean R²" in titles  # above it is of true ones
    assert ["mean reduced chi²", "1.010", "1.020"] in state["retraining"]["scores"]


def test_a_model_without_scores_says_so():
    session = Session(transfer_survey(3), {NAME: small_transfer()})
    selection = Selection(session.stars, tuple(session.models), star="obs-0000")
    page = StarPage(selection, session)
    page.transfer.open(True)
    assert "holds no scores" in page.transfer.panel.state["verdict"]
    assert page.context.bar.state["transfer"]["text"] == "transfer unscored"


def test_the_panel_goes_with_its_model(page):
    page._selection.toggle_model(NAME)
    assert not page.transfer.panel.visible
    assert page.labels.table.state["zero"] is None
    assert page.context.bar.state["transfer"] is None
