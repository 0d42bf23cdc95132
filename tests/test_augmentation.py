"""Synthetic spectra made more like observed ones."""

import numpy as np
import pytest

from stellar_gui.analysis.augmentation import (
    Augmentation,
    augmented,
    beside,
    rotated,
    shifted,
)
from stellar_gui.analysis.mixing import domain_mixing
from stellar_gui.constants import C_KMS
from tests.line_model import log_grid

GRID = log_grid(lengths=(200, 180))
LINE = 100  # the pixel that a line stands at


def _line(width=3.0, n_stars=2):
    pixel = np.arange(len(GRID))
    profile = 1 - 0.5 * np.exp(-0.5 * ((pixel - LINE) / width) ** 2)
    return np.tile(profile, (n_stars, 1)).astype(np.float32)


def _centre(flux):
    depth = 1 - flux[:200].astype(float)
    return (np.log(GRID[:200]) * depth).sum() / depth.sum()


def _width(flux):
    depth, pixel = 1 - flux[:200].astype(float), np.arange(200)
    return np.sqrt((depth * (pixel - LINE) ** 2).sum() / depth.sum())


def test_without_a_switch_nothing_changes():
    flux = _line()
    np.testing.assert_array_equal(augmented(flux, GRID, Augmentation()), flux)


def test_the_argument_stays_as_it_is():
    flux = _line()
    kept = flux.copy()
    everything = Augmentation(30.0, 10.0, 5.0, ((GRID[0], GRID[20]),), 0.1)
    augmented(flux, GRID, everything)
    np.testing.assert_array_equal(flux, kept)


@pytest.mark.parametrize("velocity", [-7.3, 12.0])
def test_a_receding_star_moves_to_the_red_by_its_velocity(velocity):
    flux = shifted(_line(), GRID, [velocity, 0.0])
    moved = (_centre(flux[0]) - _centre(flux[1])) * C_KMS
    assert moved == pytest.approx(velocity, abs=0.02)


def test_rotation_widens_a_line_and_keeps_what_it_takes_away():
    step = C_KMS * np.log(GRID[1] / GRID[0])
    flux = rotated(_line(), GRID, [0.0, 4 * step])
    assert (1 - flux).sum(axis=1)[1] == pytest.approx((1 - flux).sum(axis=1)[0])
    # the variance of Gray's profile is v² ((1 - u)/4 + 2u/15) / (1 - u/3), u = 0.6, and
    # its mean over a pixel adds 1/12
    added = 16 * (0.4 / 4 + 1.2 / 15) / (1 - 0.2) + 1 / 12
    assert _width(flux[1]) ** 2 - _width(flux[0]) ** 2 == pytest.approx(added, rel=0.03)


def test_lines_do_not_cross_a_gap():
    flux = np.ones((1, len(GRID)), np.float32)
    flux[0, 199] = 0.0
    assert (shifted(flux, GRID, [30.0])[0, 200:] == 1.0).all()


def test_noise_has_the_signal_to_noise_that_was_asked_for():
    flux = np.ones((50, len(GRID)), np.float32)
    noisy = augmented(flux, GRID, Augmentation(snr=40.0))
    assert noisy.std() == pytest.approx(1 / 40, rel=0.02)


def test_a_seed_gives_the_same_draw_whatever_else_is_on():
    flux = _line(n_stars=5)
    alone = augmented(flux, GRID, Augmentation(zeroed=0.2), seed=3) == 0
    together = augmented(flux, GRID, Augmentation(20.0, zeroed=0.2), seed=3) == 0
    np.testing.assert_array_equal(alone, together)
    assert alone.mean() == pytest.approx(0.2, abs=0.03)
    assert (augmented(flux, GRID, Augmentation(zeroed=0.2), seed=4) == 0).any()


def test_masked_pixels_are_one_in_both_domains():
    masks = Augmentation(telluric=((GRID[10], GRID[19]),))
    observed = np.full((3, len(GRID)), 0.7, np.float32)
    for flux in (
        augmented(observed, GRID, masks),
        beside(observed, np.ones(observed.shape, bool), GRID, masks),
    ):
        assert (flux[:, 10:20] == 1.0).all()
        assert (flux[:, 20:] == np.float32(0.7)).all()


def test_bad_pixels_are_zero_beside_spectra_that_have_zeros():
    flux, good = np.ones((2, len(GRID)), np.float32), np.ones((2, len(GRID)), bool)
    good[0, 5] = False
    assert beside(flux, good, GRID, Augmentation(zeroed=0.1))[0, 5] == 0.0
    assert beside(flux, good, GRID, Augmentation())[0, 5] == 1.0


def test_masking_what_only_one_domain_has_brings_them_together():
    rng = np.random.default_rng(0)
    flux = 1 + rng.normal(0, 0.02, (120, len(GRID))).astype(np.float32)
    synth, observed = flux[:60], flux[60:].copy()
    observed[:, 30:40] -= 0.2  # of the Earth's atmosphere
    good = np.ones(observed.shape, bool)
    masks = Augmentation(telluric=((GRID[28], GRID[42]),))
    before, after = (
        domain_mixing(
            augmented(synth, GRID, done), beside(observed, good, GRID, done)
        ).value
        for done in (Augmentation(), masks)
    )
    assert before < 0.02
    assert after == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"snr": 0.0}, "snr is 0.0, expected a number above 0 or None"),
        ({"rotation": -1.0}, "rotation is -1.0, expected 0 to 100"),
        ({"zeroed": 1.5}, "zeroed is 1.5, expected 0 to 1"),
        (
            {"telluric": ((7000.0, 6000.0),)},
            "from 7000 to 6000 Å, expected the shorter",
        ),
    ],
)
def test_what_cannot_be_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        Augmentation(**wrong)


def test_it_is_stored_in_plain_values():
    one = Augmentation(50.0, 3.0, telluric=((6298.0, 6304.0),))
    assert Augmentation(**one.to_plain()) == one
