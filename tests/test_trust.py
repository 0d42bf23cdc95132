"""The notes that precede reading a star."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from stellar_gui.analysis.trust import edge_labels, masked_fraction, trust_notes
from stellar_gui.fitting.result import FitFlag, FitResult
from stellar_gui.models.blocks import LabelScaling
from stellar_gui.spectra import Spectra

N = 200


def fit(flags=0, chi2=190.0, covered=slice(None)):
    one = np.ones(1)
    flux = np.full((1, N), np.nan)
    flux[:, covered] = 1.0
    return FitResult(
        ("teff",), one[None], one[None, None], np.array([chi2]), np.array([N]),
        np.array([int(flags)]), flux, np.zeros(N), one * np.nan, one * np.nan,
    )  # fmt: skip


def star(bad=0):
    ivar = np.ones((1, N))
    ivar[:, 50 : 50 + bad] = 0
    return Spectra(5000.0 + np.arange(N), np.ones((1, N)), ivar)


def test_a_good_fit_is_quiet():
    notes = trust_notes(star(), {"Payne": fit()}, {})
    assert [note.kind for note in notes] == ["ok"]


@pytest.mark.parametrize(
    ("fits", "kind", "text"),
    [
        ({"Payne": fit(chi2=400.0)}, "warning", "Payne χ²/ν 2.01"),
        ({"Payne": fit(FitFlag.EDGE)}, "warning", "Payne at edge"),
        ({"Cannon": fit(FitFlag.OUTSIDE_TRAINING)}, "warning", "Cannon outside tra"),
        ({"Payne": fit(FitFlag.STARTS_DISAGREE)}, "warning", "Payne ambiguous"),
        ({"Cannon": fit(FitFlag.NOT_CONVERGED)}, "bad", "Cannon: the fit did not"),
    ],
)
def test_what_is_wrong_is_said(fits, kind, text):
    notes = trust_notes(star(), fits, {})
    assert any(note.kind == kind and note.text.startswith(text) for note in notes)


def test_masked_pixels_count_where_the_model_speaks():
    assert masked_fraction(star(bad=20), {}) == pytest.approx(0.1)
    assert masked_fraction(star(bad=20), {"Payne": fit(covered=slice(100, N))}) == 0.0


def test_a_model_without_fit_says_why():
    notes = trust_notes(star(), {}, {"Payne": "the spectra are on air wavelengths"})
    assert notes[0].tip == "Payne: the spectra are on air wavelengths"


def at(teff):
    found = fit(FitFlag.EDGE)
    return dataclasses.replace(found, labels=np.array([[teff]]))


def test_the_label_at_the_edge_is_named_with_its_range():
    model = SimpleNamespace(label_ranges=np.array([[4200.0, 6500.0]]))
    assert edge_labels(at(5000.0), model) == []
    (cold,) = edge_labels(at(4200.5), model)
    assert cold.text == "Teff 4200 (4200 to 6500)"
    notes = trust_notes(star(), {"Payne": at(7000.0)}, {}, {"Payne": [cold]})
    assert notes[0].text == "Payne at edge: Teff"
    assert "4200 to 6500" in notes[0].tip


def test_a_label_near_an_end_is_no_matter_where_the_fit_has_no_complaint():
    quiet = dataclasses.replace(at(7000.0), flags=np.array([0]))
    model = SimpleNamespace(label_ranges=np.array([[4200.0, 6500.0]]))
    assert edge_labels(quiet, model) == []
    assert edge_labels(at(7000.0), SimpleNamespace()) == []


def test_an_abundance_at_a_bound_is_named_relative_to_iron():
    """[O/H] of -1 is usual; not for a star of solar iron."""
    grid = np.array([[-2.0, -2.0], [-1.4, -2.0], [-0.6, 0.0], [0.6, 0.0]])
    scaling = LabelScaling.from_labels(grid, ("o_h", "fe_h"))
    ends = np.stack([grid.min(0) - 0.1, grid.max(0) + 0.1], axis=1)
    model = SimpleNamespace(label_ranges=ends, scaling=scaling)
    low = -0.6 - 0.15 * 1.2  # as far as a fit may go
    found = dataclasses.replace(
        fit(FitFlag.EDGE), label_names=("o_h", "fe_h"), labels=np.array([[low, 0.0]])
    )
    (ratio,) = edge_labels(found, model)
    assert ratio.text == "[O/Fe] −0.78 (−0.60 to 0.60)"
