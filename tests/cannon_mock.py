"""A small survey that a Cannon describes exactly, with known coefficients and noise."""

from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.models.polynomial import Polynomial
from stellar_gui.spectra import Spectra

NAMES = ("teff", "logg", "fe_h")
APOGEE_NAMES = ("teff", "logg", "m_h", "alpha_m")
CENTRE, WIDTH = np.array([5000.0, 3.0, -0.5]), np.array([300.0, 0.6, 0.3])


def apogee_mock(path) -> tuple[Spectra, Spectra]:
    """Read training and test spectra of the mock survey of real coefficients."""
    with np.load(path) as data:
        return tuple(
            Spectra(
                data["wavelength"],
                data[f"{part}_flux"],
                data[f"{part}_ivar"],
                labels=data[f"{part}_labels"],
                label_names=APOGEE_NAMES,
            )
            for part in ("train", "test")
        )


class Mock(NamedTuple):
    spectra: Spectra
    theta: torch.Tensor  # (n_pixels, n_terms) for labels in units of WIDTH about CENTRE
    scatter: np.ndarray  # (n_pixels,)


def mock(n_stars=200, n_pixels=300, *, sky_seed=0, star_seed=1, snr=100.0, order=2):
    """Return a mock survey; ``sky_seed`` fixes the physics, ``star_seed`` the stars.

    2 % of the pixels are bad: ivar 0, and flux junk, half of it NaN.
    """
    sky, rng = np.random.default_rng(sky_seed), np.random.default_rng(star_seed)
    polynomial = Polynomial(len(NAMES), order)
    theta = sky.normal(0, 0.01, (n_pixels, polynomial.n_terms))
    theta[:, 1:4] *= 3.0
    theta[:, 0] = 0.9
    scatter = sky.uniform(0.002, 0.01, n_pixels)
    scaled = rng.normal(size=(n_stars, len(NAMES)))
    terms = polynomial.terms(torch.from_numpy(scaled)).numpy()
    sigma = 1 / snr
    flux = terms @ theta.T
    flux += np.hypot(scatter, sigma) * rng.normal(size=flux.shape)
    ivar = np.full(flux.shape, snr**2)
    bad = rng.random(flux.shape) < 0.02
    ivar[bad] = 0.0
    flux[bad] = rng.choice([np.nan, 50.0], bad.sum())
    spectra = Spectra(
        6000 + 0.2 * np.arange(n_pixels),
        flux,
        ivar,
        ids=[f"star{k}-{star_seed}" for k in range(n_stars)],
        labels=CENTRE + WIDTH * scaled,
        label_names=NAMES,
        resolution=20_000.0,
    )
    return Mock(spectra, torch.from_numpy(theta), scatter)


def true_flux(truth: Mock, labels: np.ndarray) -> np.ndarray:
    """(n_stars, n_labels) in physical units -> noise-free flux (n_stars, n_pixels)."""
    terms = Polynomial(len(NAMES), 2).terms(torch.from_numpy((labels - CENTRE) / WIDTH))
    return (terms @ truth.theta.T).numpy()


def robust_std(values: np.ndarray) -> np.ndarray:
    """1.4826 times the median absolute deviation of every column."""
    return 1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)
