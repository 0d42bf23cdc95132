"""What the telescope and the reduction do to a spectrum: the survey's observing run.

Continuum errors, telluric residuals, noise and bad pixels, drawn star by star. What is
fixed on the detector or in the sky moves in the rest frame of a star with the star's
velocity. The flux stays on its grid; nothing here knows how it was synthesised.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.constants import C_KMS
from stellar_gui.synthesis.imperfections import stream

SNR_RANGE = (40.0, 150.0)
RV_SIGMA = 0.3  # km/s
CONTINUUM_RMS = 0.005
SLOPE, LEVEL_RMS = 0.006, 0.001  # of the simpler kind
TELLURIC_PIECES = ((6298.0, 6304.0), (7696.0, 7702.0))
TELLURIC_DEPTH = (0.01, 0.02)
BAD_SHARE = 0.003
DEAD_BLOCK = 12  # pixels
_VELOCITY_SIGMA = 25.0  # km/s, of star against observer
_TELLURIC_LINES = 3  # in each piece
_PIXELS_PER_FWHM = 2.7


class Exposures(NamedTuple):
    """What was drawn for each star, beside its light; velocities in km/s.

    snr, velocity, rv: (n_stars,); continuum (n_stars, n_pieces, 3) Legendre
    coefficients; telluric (n_stars, n_pixels) flux added; bad (n_stars, n_pixels).
    """

    snr: np.ndarray
    velocity: np.ndarray
    rv: np.ndarray
    continuum: np.ndarray
    telluric: np.ndarray
    bad: np.ndarray


def snr_profile(wavelength) -> np.ndarray:
    """S/N of a pixel over that of the star, median 1, falling to the blue."""
    wavelength = np.asarray(wavelength, dtype=float)
    return (wavelength / np.median(wavelength)) ** 1.5


def draw_exposures(
    wavelength, pieces, n_stars, seed, without=frozenset(), continuum="parabola"
) -> Exposures:
    """Draw the `Exposures` of ``n_stars``; ``pieces`` are (start, stop) pixels.

    S/N is uniform in its logarithm. It is drawn without noise too: it then says how
    large ivar is. continuum: "parabola" in each piece, or one "slope" for the star and
    a level for each piece.
    """
    draw = lambda name: stream(seed, name)  # noqa: E731
    velocity = draw("velocity").normal(0.0, _VELOCITY_SIGMA, n_stars)
    n_pixels = len(wavelength)
    rv = draw("rv").normal(0.0, RV_SIGMA, n_stars)
    draw_continuum = {"parabola": _parabolas, "slope": _slopes}[continuum]
    coefficients = draw_continuum(n_stars, len(pieces), draw("continuum"))
    telluric = _telluric(wavelength, velocity, draw("telluric"))
    bad = _bad_pixels(n_stars, n_pixels, velocity, draw("bad_pixels"))
    return Exposures(
        np.exp(draw("snr").uniform(*np.log(SNR_RANGE), n_stars)),
        velocity,
        rv * ("rv" not in without),
        coefficients * ("continuum" not in without),
        telluric * ("telluric" not in without),
        bad & ("bad_pixels" not in without),
    )


def continuum_error(continuum, pieces, n_pixels) -> np.ndarray:
    """Factor on the flux from Legendre coefficients, (n_stars, n_pixels)."""
    factor = np.ones((len(continuum), n_pixels))
    for piece, (start, stop) in enumerate(pieces):
        x = np.linspace(-1.0, 1.0, stop - start)
        basis = np.polynomial.legendre.legvander(x, 2)  # (n, 3)
        factor[:, start:stop] += continuum[:, piece] @ basis.T
    return factor


def observe(flux, wavelength, pieces, exposures, seed, without=frozenset()):
    """Return flux and ivar, (n_stars, n_pixels), of exposures of noise-free flux.

    A bad pixel holds junk and has ivar 0.
    """
    snr = exposures.snr[:, np.newaxis] * snr_profile(wavelength)
    factor = continuum_error(exposures.continuum, pieces, flux.shape[1])
    seen = flux * factor + exposures.telluric
    noise = stream(seed, "noise").normal(size=flux.shape) / snr
    if "noise" not in without:
        seen = seen + noise
    junk = stream(seed, "junk").uniform(0.0, 3.0, flux.shape)
    return np.where(exposures.bad, junk, seen), np.where(exposures.bad, 0.0, snr**2)


def _parabolas(n_stars, n_pieces, rng):
    # (1, 1/3, 1/5): mean squares of the first three Legendre polynomials
    size = CONTINUUM_RMS / np.sqrt(1 + 1 / 3 + 1 / 5)
    return rng.normal(0.0, size, (n_stars, n_pieces, 3))


def _slopes(n_stars, n_pieces, rng):
    level = rng.normal(0.0, LEVEL_RMS, (n_stars, n_pieces))
    slope = rng.uniform(-SLOPE, SLOPE, (n_stars, 1)).repeat(n_pieces, axis=1)
    return np.stack([level, slope, np.zeros_like(level)], axis=2)


def _telluric(wavelength, velocity, rng):
    """Residuals of a few narrow lines at rest with the observer, of either sign."""
    n_stars = len(velocity)
    depth = rng.uniform(*TELLURIC_DEPTH, n_stars) * rng.choice([-1.0, 1.0], n_stars)
    residual = np.zeros((n_stars, len(wavelength)))
    for low, high in TELLURIC_PIECES:
        inside = np.flatnonzero((wavelength >= low) & (wavelength <= high))
        # a line lies every third of the piece; together they reach beyond its ends
        spacing = (high - low) / _TELLURIC_LINES
        number = np.arange(-1, _TELLURIC_LINES + 1)
        place = low + spacing * (number + rng.uniform(0.2, 0.8, len(number)))
        sigma = low / 25000.0 / 2.3548
        at = place[:, np.newaxis] * (1.0 - velocity / C_KMS)  # (n_lines, n_stars)
        away = (wavelength[inside] - at[..., np.newaxis]) / sigma
        shape = np.exp(-0.5 * away**2).sum(axis=0)  # (n_stars, n_inside)
        residual[:, inside] = depth[:, np.newaxis] * shape
    return residual


def _bad_pixels(n_stars, n_pixels, velocity, rng):
    """Lone bad pixels and one dead block, which the star's velocity moves."""
    bad = rng.random((n_stars, n_pixels)) < BAD_SHARE
    pixel_kms = C_KMS / 25000.0 / _PIXELS_PER_FWHM
    first = int(rng.integers(n_pixels // 10, n_pixels - n_pixels // 10))
    start = first - np.round(velocity / pixel_kms).astype(int)
    pixel = np.arange(n_pixels)
    dead = (pixel >= start[:, np.newaxis]) & (pixel < start[:, np.newaxis] + DEAD_BLOCK)
    return bad | dead
