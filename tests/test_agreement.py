"""Labels against their reference: numbers by hand, and honest errors look honest."""

import numpy as np
import pytest

from stellar_gui.analysis.agreement import (
    Labels,
    agreement,
    fitted_labels,
    plane,
    pull_histogram,
    reference_labels,
    shared_labels,
)
from stellar_gui.fitting import fit_labels
from tests.small_survey import small_cannon, small_survey

SIGMA, REFERENCE_SIGMA = 30.0, 40.0


def _drawn(n_stars=4000):
    """Reference and inferred temperatures with honest errors, 20 K apart."""
    rng = np.random.default_rng(5)
    true = rng.uniform(4000, 6000, n_stars)
    column = lambda sigma, bias: Labels(  # noqa: E731
        ("teff",),
        (true + bias + sigma * rng.normal(size=n_stars))[:, None],
        np.full((n_stars, 1, 1), sigma**2),
    )
    return column(SIGMA, 20.0), column(REFERENCE_SIGMA, 0.0)


def test_bias_and_scatter_are_those_that_were_drawn():
    found = agreement(*_drawn(), "teff")
    assert found.n == 4000
    assert found.bias == pytest.approx(20.0, abs=3.0)
    assert found.scatter == pytest.approx(50.0, rel=0.05)
    assert found.pull_summary.std == pytest.approx(1.0, abs=0.04)
    assert found.pull_summary.mean == pytest.approx(0.4, abs=0.05)


def test_outliers_move_the_plain_numbers_and_not_the_robust_ones():
    inferred, reference = _drawn()
    inferred.values[:40] += 3000.0
    found = agreement(inferred, reference, "teff")
    assert found.std > 250
    assert found.scatter == pytest.approx(50.0, rel=0.05)
    assert found.bias == pytest.approx(20.0, abs=4.0)


def test_stars_without_a_value_do_not_count():
    inferred, reference = _drawn(100)
    inferred.values[:10] = np.nan
    reference.values[5:20] = np.nan
    assert agreement(inferred, reference, "teff").n == 80
    inferred.values[:] = np.nan
    nothing = agreement(inferred, reference, "teff")
    assert nothing.n == 0
    assert np.isnan([nothing.bias, nothing.scatter, nothing.mean]).all()


def test_fits_of_a_survey_agree_with_its_labels():
    stars = small_survey(40)
    inferred = fitted_labels(fit_labels(small_cannon(), stars))
    reference = reference_labels(stars)
    assert shared_labels(inferred, reference) == stars.label_names
    found = agreement(inferred, reference, "mg_fe")
    by_hand = np.hypot(stars.labels_sigma[0, 2], stars.labels_sigma[0, 3])
    np.testing.assert_allclose(found.reference_sigma, by_hand)
    assert abs(found.bias) < 0.03
    points = plane(inferred, ("fe_h", "mg_fe"))
    np.testing.assert_allclose(
        points[:, 1], inferred.values[:, 3] - inferred.values[:, 2]
    )
    assert plane(inferred, ("fe_h", "age")) is None


def test_a_reference_without_errors_is_compared_by_the_fit_alone():
    inferred, reference = _drawn(50)
    found = agreement(inferred, reference._replace(covariance=None), "teff")
    np.testing.assert_allclose(
        found.pulls, (found.inferred - found.reference) / SIGMA, rtol=1e-6
    )
    assert np.isnan(found.reference_sigma).all()


def test_stars_without_labels_have_no_reference():
    stars = small_survey(2)
    bare = stars.replace(labels=None, labels_sigma=None, label_names=(), label_units=())
    assert reference_labels(bare) is None


def test_a_label_that_nobody_has_is_named():
    inferred, reference = _drawn(3)
    with pytest.raises(KeyError, match="no label 'logg', there are teff"):
        agreement(inferred, reference, "logg")


def test_a_pull_histogram_stands_beside_the_normal_one():
    pulls = np.random.default_rng(1).normal(size=20_000)
    found = pull_histogram(np.r_[pulls, 50.0, np.nan])
    assert found.beyond == 1
    assert found.counts.sum() == 20_000
    middle = found.expected > 500
    assert np.abs(found.counts / found.expected - 1)[middle].max() < 0.15
    assert found.summary.n == 20_001
