"""The gap of a transfer: what perfect, trivial and leaking models must score."""

import numpy as np
import pytest
import torch

from stellar_gui.analysis.transfer_gap import (
    TransferErrors,
    gap_closed,
    mean_shift,
    partners,
    squared_error,
    transfer_errors,
)
from tests.transferred import HIDDEN, MISSING, NUISANCE, Emulator, Transferred, observe


@pytest.fixture(scope="module")
def nature():
    return observe(300)


def gaps(errors: TransferErrors):
    return {
        name: gap_closed(error, errors.emulator).value
        for name, error in errors._asdict().items()
    }


def test_a_perfect_transfer_closes_the_gap_but_for_another_stars_nuisance(nature):
    spectra, labels, flux = nature
    found = gaps(transfer_errors(Transferred(), spectra, labels, flux))
    whole = (MISSING**2 + HIDDEN**2 + NUISANCE**2).mean().item()
    lost = (NUISANCE**2).mean().item() / whole
    assert found["own"] == pytest.approx(1.0, abs=1e-3)
    assert found["mean_split"] == pytest.approx(1 - lost, abs=0.02)
    assert found["swapped"] == pytest.approx(1 - 2 * lost, abs=0.05)
    assert found["emulator"] == 0.0


def test_the_mean_shift_closes_what_all_stars_share(nature):
    spectra, labels, flux = nature
    found = gaps(transfer_errors(Transferred(()), spectra, labels, flux))
    whole = (MISSING**2 + HIDDEN**2 + NUISANCE**2).mean().item()
    assert found["own"] == 0.0
    assert found["shifted"] == pytest.approx(
        (MISSING**2).mean().item() / whole, abs=0.04
    )
    shift = mean_shift(spectra, Emulator()(torch.tensor(labels)).numpy())
    np.testing.assert_allclose(shift, MISSING, atol=0.006)


def test_a_leak_shows_only_with_another_stars_z_split(nature):
    """The hidden part taken from z_split: perfect with the own, wrong with others'."""
    spectra, labels, flux = nature
    honest = gaps(transfer_errors(Transferred(), spectra, labels, flux))
    leaking = Transferred(("missing", "leak"))
    found = gaps(transfer_errors(leaking, spectra, labels, flux))
    assert found["own"] > honest["own"] - 0.15
    assert found["swapped"] < found["own"] - 0.2


def test_bad_pixels_do_not_move_the_mean_shift(nature):
    spectra, labels, _ = nature
    flux, ivar = np.array(spectra.flux), np.array(spectra.ivar)
    flux[::3, 7], ivar[::3, 7], ivar[:, 9] = 50.0, 0.0, 0.0
    plain = Emulator()(torch.tensor(labels)).numpy()
    shift = mean_shift(spectra.replace(flux=flux, ivar=ivar), plain)
    assert shift[7] == pytest.approx(MISSING[7].item(), abs=0.006)
    assert shift[9] == 0.0


def test_the_error_of_a_gap_is_that_of_other_stars():
    rng = np.random.default_rng(0)
    draws = [
        gap_closed(rng.exponential(1, 200), rng.exponential(4, 200)) for _ in range(40)
    ]
    scatter = np.std([gap.value for gap in draws])
    assert np.mean([gap.error for gap in draws]) == pytest.approx(scatter, rel=0.3)
    assert np.mean([gap.value for gap in draws]) == pytest.approx(0.75, abs=0.01)


def test_errors_are_means_of_squares():
    np.testing.assert_allclose(squared_error([[1.0, 0.8]], [[0.9, 1.0]]), [0.025])


def test_nobody_is_his_own_partner_and_everybody_is_someones():
    partner = partners(50, seed=3)
    assert (partner != np.arange(50)).all()
    np.testing.assert_array_equal(np.sort(partner), np.arange(50))


def test_spectra_on_other_pixels_are_refused(nature):
    spectra, labels, flux = nature
    with pytest.raises(
        ValueError, match=r"50 pixels from .* expected the model's own 60"
    ):
        transfer_errors(Transferred(), spectra.pixels(slice(0, 50)), labels, flux)
