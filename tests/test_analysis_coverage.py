"""Coverage and pulls: what is odd is called odd, and honest errors give width 1."""

import numpy as np
import pytest

from stellar_gui.analysis.coverage import label_coverage
from stellar_gui.analysis.pulls import label_pulls, summarise_pulls


@pytest.fixture
def training():
    """A narrow giant branch: teff and logg nearly a line, as real labels are."""
    rng = np.random.default_rng(6)
    teff = rng.uniform(4000, 5000, 2000)
    logg = (teff - 4000) / 400 + 0.5 + 0.05 * rng.normal(size=2000)
    return np.column_stack([teff, logg, rng.normal(-0.3, 0.2, 2000)])


def test_training_like_stars_are_inside(training):
    verdict = label_coverage(training[::20], training).verdict
    assert (verdict == "inside").mean() > 0.85
    assert (verdict != "outside").all()


def test_correlations_count(training):
    """Each label lies inside its own range, but no star has them together."""
    odd = [4100.0, 2.8, -0.3]
    low, high = training.min(axis=0), training.max(axis=0)
    assert ((odd > low) & (odd < high)).all()
    coverage = label_coverage(odd, training)
    assert coverage.verdict.tolist() == ["outside"]
    assert coverage.mahalanobis_quantile[0] == 1


def test_hole_in_the_middle_is_found_by_the_neighbour():
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    coverage = label_coverage([[0.0, 0.0]], ring)
    assert coverage.mahalanobis_quantile[0] == 0
    assert coverage.neighbour_quantile[0] == 1
    assert coverage.verdict.tolist() == ["outside"]


def test_distances_do_not_depend_on_units(training):
    star = [[4500.0, 1.7, -0.4]]
    scale = np.array([1e-3, 7.0, 1e4])
    one = label_coverage(star, training)
    other = label_coverage(star * scale, training * scale)
    np.testing.assert_allclose(one.mahalanobis, other.mahalanobis)
    np.testing.assert_allclose(one.neighbour, other.neighbour)


def test_mahalanobis_is_in_sigma():
    training = np.random.default_rng(1).normal(size=(20_000, 2)) * [10, 0.1]
    far = label_coverage([[30.0, 0.0], [0.0, 0.2]], training).mahalanobis
    np.testing.assert_allclose(far, [3, 2], rtol=0.03)


def test_constant_label_counts_when_it_differs(training):
    training = np.column_stack([training, np.full(len(training), 2.0)])
    same, other = [4500.0, 1.75, -0.3, 2.0], [4500.0, 1.75, -0.3, 2.1]
    verdict = label_coverage([same, other], training).verdict
    assert verdict.tolist() == ["inside", "outside"]


def test_unknown_label_is_outside_with_nan(training):
    coverage = label_coverage([[4500.0, np.nan, 0.0]], training)
    assert coverage.verdict.tolist() == ["outside"]
    assert np.isnan(coverage.neighbour[0])


def test_other_labels_are_refused(training):
    with pytest.raises(ValueError, match="expected the same labels in both"):
        label_coverage([[4500.0, 2.0]], training)


def test_honest_errors_have_pulls_of_width_1():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(4000, 2))
    sigma, reference_sigma = np.array([0.3, 50.0]), np.array([0.4, 20.0])
    fitted = truth + sigma * rng.normal(size=truth.shape)
    catalogue = truth + reference_sigma * rng.normal(size=truth.shape)
    for summary in summarise_pulls(
        label_pulls(fitted, sigma, catalogue, reference_sigma)
    ):
        assert summary.mean == pytest.approx(0, abs=0.06)
        assert summary.std == pytest.approx(1, abs=0.05)
        assert summary.robust_std == pytest.approx(1, abs=0.06)
        assert summary.n == 4000


def test_missing_numbers_have_no_pull():
    pulls = label_pulls([[1.0, 2.0]], [[0.0, 1.0]], [[0.0, np.nan]])
    assert np.isnan(pulls).all()
    assert summarise_pulls(pulls)[0].n == 0
