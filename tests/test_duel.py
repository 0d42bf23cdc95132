"""The duel: the same pixels for all, pulls by hand, and a planted fault is named."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.analysis.duel import REFERENCE, duel
from stellar_gui.fitting import fit_labels
from tests.small_survey import small_cannon, small_survey

GOOD, OTHER = "good", "other"


@pytest.fixture(scope="module")
def star():
    return small_survey(3)[0]


@pytest.fixture(scope="module")
def fits(star):
    fit = fit_labels(small_cannon(), star)
    flux = fit.model_flux.copy()
    flux[:, 50:60] += 0.1  # a line that the other model lacks
    flux[:, 200:] = np.nan
    labels = fit.labels.copy()
    labels[:, 3] += 0.5
    other = dataclasses.replace(fit, model_flux=flux, labels=labels)
    return {GOOD: fit, OTHER: other}


def test_all_models_are_judged_by_the_same_pixels(star, fits):
    found = duel(star, fits)
    assert not found.pixels[200:].any()
    assert found.pixels.sum() == star.good[0][:200].sum()
    good, other = found.quality[GOOD], found.quality[OTHER]
    assert good.n_pixels == other.n_pixels == found.pixels.sum()
    residual = (star.flux - fits[GOOD].model_flux)[0][found.pixels]
    by_hand = (residual**2 * star.ivar[0][found.pixels]).sum()
    assert good.chi2 == pytest.approx(by_hand, rel=1e-4)
    assert good.reduced_chi2 == pytest.approx(by_hand / (good.n_pixels - 4), rel=1e-4)
    assert good.own_chi2 < good.chi2
    assert other.chi2 > good.chi2 + 0.5 * (0.1**2 * star.ivar[0, 50:60]).sum()


def test_the_planted_disagreement_comes_first(star, fits):
    row = duel(star, fits).rows[0]
    assert row.label.name == "mg_h"
    assert list(row.values) == [REFERENCE, GOOD, OTHER]
    by_pair = {(d.first, d.second): d for d in row.differences}
    assert len(by_pair) == 3
    between = by_pair[GOOD, OTHER]
    assert between.delta == pytest.approx(0.5)
    sigma = float(fits[GOOD].sigma[0, 3])
    assert between.pull == pytest.approx(0.5 / np.sqrt(2 * sigma**2))
    assert row.worst in row.differences
    pulls = [abs(r.worst.pull) for r in duel(star, fits).rows]
    assert pulls == sorted(pulls, reverse=True)


def test_a_label_that_one_alone_has_stands_last(star, fits):
    alone = star.replace(
        labels=np.c_[star.labels, [[9.0]]],
        labels_sigma=np.c_[star.labels_sigma, [[1.0]]],
        label_names=(*star.label_names, "age"),
        label_units=(),
    )
    row = duel(alone, fits).rows[-1]
    assert row.label.name == "age"
    assert row.worst is None


def test_without_reference_the_models_still_compare(star, fits):
    bare = star.replace(labels=None, labels_sigma=None, label_names=(), label_units=())
    rows = duel(bare, fits, x_fe=True).rows
    assert all(list(row.values) == [GOOD, OTHER] for row in rows)
    assert rows[0].label.name == "mg_fe"


def test_a_star_without_a_common_pixel_has_no_chi2(star, fits):
    blind = star.replace(ivar=np.zeros_like(star.ivar))
    quality = duel(blind, fits).quality[GOOD]
    assert quality.n_pixels == 0
    assert np.isnan(quality.chi2)
