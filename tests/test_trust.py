"""The notes that precede reading a star."""

import numpy as np
import pytest

from stellar_gui.analysis.trust import masked_fraction, trust_notes
from stellar_gui.fitting.result import FitFlag, FitResult
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
        ({"Payne": fit(FitFlag.EDGE)}, "warning", "Payne outside training"),
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
