"""Two groups of stars: medians, their errors, and what explains their difference."""

import numpy as np
import pytest
import torch

from stellar_gui.analysis.contrast import explain, group_jacobians
from stellar_gui.analysis.groups import Group, composition, difference
from tests.transferred import LABEL_NAMES, N_PIXELS, Emulator, random_labels


def _draws(n, seed, shift=(0.0, 0.0, 0.0), snr=200.0):
    """Noisy spectra of n stars whose labels scatter around a shifted centre."""
    labels = random_labels(n, seed) * [0.2, 1.0, 1.0] + [4000.0, 0.0, 0.0]
    labels = labels + np.array(shift)
    flux = Emulator()(torch.tensor(labels)).numpy()
    noise = np.random.default_rng(seed + 1000).normal(size=flux.shape) / snr
    return flux + noise, labels


@pytest.mark.parametrize("n_stars", [7, 30, 201])
def test_the_error_of_a_median_is_that_of_many_bootstrap_draws(n_stars):
    rng = np.random.default_rng(0)
    flux = rng.normal(1.0, 0.1, (n_stars, 40))
    rows = rng.integers(0, n_stars, (4000, n_stars))
    drawn = np.median(flux[rows], axis=1).std(axis=0)
    group = Group(flux)
    np.testing.assert_allclose(group.median, np.median(flux, axis=0), rtol=1e-6)
    np.testing.assert_allclose(group.error, drawn, rtol=0.08)


def test_the_error_of_a_sum_knows_that_pixels_move_together():
    """Brute force on stars of which one number moves all pixels."""
    rng = np.random.default_rng(1)
    flux = rng.normal(1.0, 0.1, (120, 1)) + rng.normal(0.0, 0.02, (120, 50))
    rows = rng.integers(0, 120, (3000, 120))
    matrix = np.stack([np.ones(50), np.linspace(-1, 1, 50)])
    sums = np.median(flux[rows], axis=1) @ matrix.T
    covariance = Group(flux).covariance(matrix)
    assert np.sqrt(covariance[0, 0]) == pytest.approx(sums[:, 0].std(), rel=0.15)
    independent = np.sqrt(np.square(Group(flux).error).sum())
    assert np.sqrt(covariance[0, 0]) > 5 * independent
    assert np.sqrt(covariance[1, 1]) < np.sqrt(covariance[0, 0]) / 5


def test_bad_pixels_count_in_no_median():
    flux = np.random.default_rng(2).normal(1.0, 0.01, (60, 4))
    good = np.ones(flux.shape, bool)
    good[:30, 1] = False
    good[:, 2] = False
    spoilt = np.where(good, flux, 9.0)
    group = Group(spoilt, good)
    np.testing.assert_allclose(group.median[1], np.median(flux[30:, 1]), rtol=1e-6)
    assert group.error[1] > group.error[0]
    assert np.isnan(group.median[2])
    assert np.isnan(group.error[2])
    assert np.isfinite(group.covariance([[1.0, 1.0, 0.0, 1.0]])).all()


def test_few_stars_are_no_group():
    with pytest.raises(ValueError, match="the group has 4 stars, expected 5 or more"):
        Group(np.ones((4, 10)))


def test_a_change_of_labels_is_recovered_within_its_error():
    """Pulls over many pairs of groups have the width that they claim."""
    shift = np.array([0.0, 0.0, 0.15])
    pulls = []
    for seed in range(40):
        (one, labels), (two, others) = (
            _draws(80, 2 * seed, shift),
            _draws(70, 2 * seed + 1),
        )
        derivatives = group_jacobians(Emulator(), np.concatenate([labels, others]))
        found = explain(Group(one), Group(two), derivatives, ("teff", "fe_h", "mg_h"))
        by_name = {reason.name: reason for reason in found.reasons}
        for name, true in zip(("teff", "fe_h", "mg_fe"), shift, strict=True):
            pulls.append((by_name[name].value - true) / by_name[name].error)
    assert abs(np.mean(pulls)) < 0.35
    assert 0.75 < np.std(pulls) < 1.3


def test_reasons_are_ranked_and_only_clear_ones_count():
    shift = (0.0, 0.0, 0.3)
    one, two = _draws(400, 0, shift, 500.0)[0], _draws(400, 1, snr=500.0)[0]
    labels = random_labels(30)
    found = explain(
        Group(one), Group(two), group_jacobians(Emulator(), labels), LABEL_NAMES
    )
    first = found.reasons[0]
    assert (first.name, first.clear) == ("mg_fe", True)
    assert first.value == pytest.approx(0.3, abs=4 * first.error)
    assert found.explained > 0.95
    assert found.flux.shape == (N_PIXELS,)
    shares = [reason.share for reason in found.reasons if reason.clear]
    assert shares == sorted(shares, reverse=True)


def test_two_draws_of_the_same_stars_have_nothing_to_explain():
    one, two = _draws(300, 0)[0], _draws(300, 1)[0]
    a, b = Group(one), Group(two)
    derivatives = group_jacobians(Emulator(), random_labels(30))
    found = explain(a, b, derivatives, LABEL_NAMES)
    assert sum(reason.clear for reason in found.reasons) <= 1
    zscore = difference(a, b).value / difference(a, b).error
    assert abs(zscore).max() < 4.5


def test_what_labels_do_not_explain_is_said_and_widens_errors():
    one, two = (_draws(300, seed, snr=500.0)[0] for seed in (0, 1))
    derivatives = group_jacobians(Emulator(), random_labels(30))
    well = explain(Group(one), Group(two), derivatives, LABEL_NAMES)
    spoilt = one + 0.05 * np.sin(np.arange(N_PIXELS))
    badly = explain(Group(spoilt), Group(two), derivatives, LABEL_NAMES)
    assert well.misfit < 1.2
    assert badly.misfit > 10
    errors = [{r.name: r.error for r in each.reasons} for each in (well, badly)]
    assert errors[1]["fe_h"] > 2 * errors[0]["fe_h"]


def test_a_label_that_does_nothing_is_no_reason():
    one, two = _draws(50, 0)[0], _draws(50, 1)[0]
    derivatives = group_jacobians(Emulator(), random_labels(30))
    derivatives[:, :, 1] = 0.0
    found = explain(Group(one), Group(two), derivatives, ("teff", "logg", "mg_h"))
    assert set(found.names) == {"teff", "mg_h"}


def test_labels_are_needed():
    with pytest.raises(ValueError, match="no star of the groups has all labels"):
        group_jacobians(Emulator(), np.full((3, 3), np.nan))


def test_large_groups_are_drawn_from():
    flux = np.random.default_rng(3).normal(1.0, 0.1, (2500, 3))
    group = Group(flux)
    assert group.n_stars == 2500
    np.testing.assert_allclose(group.error, 1.2533 * 0.1 / np.sqrt(2000), rtol=0.2)


def test_a_difference_of_domains_is_called_so():
    mixed = composition(["synth", "obs"] * 20, ["synth", "obs"] * 30)
    assert mixed.like_domains
    apart = composition(["synth"] * 30 + ["obs"] * 5, ["obs"] * 30 + ["synth"] * 5)
    assert not apart.like_domains
    assert apart[:4] == (30, 5, 5, 30)
    assert "one of domains" in apart.sentence


def test_derivatives_that_change_from_star_to_star_widen_errors():
    one, two = (_draws(300, seed, shift=(0, 0, 0.3 * seed))[0] for seed in (1, 0))
    steady = group_jacobians(Emulator(), random_labels(20))
    uneven = steady * np.linspace(0.5, 1.5, len(steady))[:, None, None]
    first, second = (
        explain(Group(one), Group(two), derivatives, LABEL_NAMES)
        for derivatives in (steady, uneven)
    )
    narrow, wide = (found.reasons[0] for found in (first, second))
    assert narrow.name == wide.name == "mg_fe"
    assert wide.value == pytest.approx(narrow.value)
    expected = np.hypot(narrow.error, 0.5 * 0.3 * abs(narrow.value))
    assert wide.error == pytest.approx(expected, rel=0.1)


def test_pixels_that_the_model_says_nothing_of_do_not_count():
    one, two = _draws(300, 0, (0.0, 0.0, 0.3), 500.0)[0], _draws(300, 1, snr=500.0)[0]
    derivatives = group_jacobians(Emulator(), random_labels(30))
    silent = derivatives.copy()
    silent[:, :7] = np.nan
    found = explain(Group(one), Group(two), silent, LABEL_NAMES)
    without = explain(
        Group(one[:, 7:]), Group(two[:, 7:]), derivatives[:, 7:], LABEL_NAMES
    )
    assert [r.name for r in found.reasons] == [r.name for r in without.reasons]
    for reason, expected in zip(found.reasons, without.reasons, strict=True):
        assert reason.value == pytest.approx(expected.value, rel=1e-3)
        assert reason.error == pytest.approx(expected.error, rel=1e-3)
    assert np.isfinite(found.flux).all()
