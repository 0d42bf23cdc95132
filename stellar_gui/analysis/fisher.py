"""What a spectrum can tell at best: the Cramér-Rao limits of every label.

The information that photons carry, F = J' diag(ivar) J, from the derivatives that the
plots show (Ting et al. 2017, ApJ 843, 32). No prior on labels, no error of the model:
a limit that no unbiased fit with this model can beat; one with a prior can, where
photons say less than it does. Continuum, velocity and a model's own nuisance can be
marginalised; without, they count as known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.perturbations import continuum_columns, velocity_column
from stellar_gui.analysis.sensitivity import Sensitivity
from stellar_gui.labels import describe

_LEAST = 1e-10  # share of the information a direction has at least, to count as seen
_PART = 1e-3  # of a label in a direction that is not seen, for it not to be seen
_STRONG = 0.9  # correlation from which two labels are said to go together


class Limits(NamedTuple):
    """The best possible errors of the labels, (n_labels,) each, physical units.

    sigma: with all others and the nuisance unknown, inf for what the spectrum does not
    show; alone: were all else known; correlation (n_labels, n_labels), NaN beside such
    a label; degenerate: sentences on labels that can hardly be told apart.
    """

    label_names: tuple[str, ...]
    sigma: np.ndarray
    alone: np.ndarray
    correlation: np.ndarray
    degenerate: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Information:
    """Fisher information of labels, then nuisance: matrix (n, n), physical units.

    Additive over pixels: masking some subtracts theirs. prior (n,): precision of each
    nuisance that has a prior, 0 for labels.
    """

    label_names: tuple[str, ...]
    matrix: np.ndarray
    prior: np.ndarray

    def limits(self, snr_factor: float = 1.0) -> Limits:
        """Invert: the limits of the labels at ``snr_factor`` times the S/N.

        Milliseconds at 25 labels, so a slider may call it.
        """
        n = len(self.label_names)
        matrix = self.matrix * snr_factor**2 + np.diag(self.prior)
        covariance, seen = _inverse(matrix)
        sigma = np.where(seen, np.sqrt(np.diagonal(covariance)), np.inf)[:n]
        own = np.diagonal(matrix)[:n]
        alone = np.where(own > 0, 1.0 / np.sqrt(np.where(own > 0, own, 1.0)), np.inf)
        finite = np.where(np.isfinite(sigma), sigma, np.nan)
        correlation = covariance[:n, :n] / np.outer(finite, finite)
        return Limits(
            self.label_names,
            sigma,
            alone,
            correlation,
            _degenerate(self.label_names, sigma, alone, correlation),
        )


def information(
    sensitivity: Sensitivity,
    ivar,
    pixels=None,
    *,
    own: bool = True,
    velocity: bool = False,
    continuum_degree: int | None = None,
) -> Information:
    """Return what the photons of one spectrum tell of each label.

    ivar (n_pixels,): of the star, 0 in bad pixels; pixels (n_pixels,) bool: those that
    count, such as a window, all by default. Unknown beside the labels: with ``own`` the
    model's own nuisance, under its prior; with ``velocity`` the radial velocity; with
    ``continuum_degree`` a polynomial in every piece. Raises ValueError for arrays of
    another length.
    """
    weight = _weight(sensitivity, ivar, pixels)
    wavelength, flux = sensitivity.wavelength, sensitivity.flux
    n = len(sensitivity.label_names)
    columns, prior = [sensitivity.jacobian], [np.zeros(n)]
    if own and len(sensitivity.nuisance_names):
        columns.append(sensitivity.nuisance)
        prior.append(sensitivity.nuisance_sigma**-2.0)
    if velocity:
        columns.append(velocity_column(wavelength, flux)[:, None])
    if continuum_degree is not None:
        columns.append(continuum_columns(wavelength, flux, continuum_degree))
    design = np.nan_to_num(np.concatenate(columns, axis=1))
    known = np.concatenate(prior)
    known = np.concatenate([known, np.zeros(design.shape[1] - len(known))])
    matrix = design.T @ (design * weight[:, None])
    return Information(sensitivity.label_names, matrix, known)


def _weight(sensitivity, ivar, pixels):
    """(n_pixels,) ivar, 0 where a pixel does not count."""
    n_pixels = len(sensitivity.wavelength)
    weight = np.array(ivar, dtype=float)
    chosen = np.ones(n_pixels, bool) if pixels is None else np.asarray(pixels, bool)
    for name, array in (("ivar", weight), ("pixels", chosen)):
        if array.shape != (n_pixels,):
            raise ValueError(
                f"{name} has shape {array.shape}, expected ({n_pixels},): one value "
                "for each pixel of the model. Bring the star to its grid first."
            )
    silent = np.isnan(sensitivity.jacobian).any(axis=1)
    return np.where(chosen & ~silent, weight, 0.0)


def _inverse(matrix):
    """Covariance (n, n), and which parameters are seen at all, (n,) bool.

    Directions without information are left out of the inverse; a parameter that has a
    part in one is not seen.
    """
    scale = np.sqrt(np.diagonal(matrix))
    shown = scale > 0
    scale = np.where(shown, scale, 1.0)
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    blind = values < _LEAST
    inverse = (vectors / np.where(blind, np.inf, values)) @ vectors.T
    lost = (vectors[:, blind] ** 2).sum(axis=1) > _PART
    return inverse / np.outer(scale, scale), shown & ~lost


def _degenerate(names: Sequence[str], sigma, alone, correlation):
    """Sentences on labels that are not seen, then on pairs, the strongest first."""
    titles = np.array([describe(name).title for name in names])
    sentences = []
    if len(dark := titles[np.isinf(alone)]):
        sentences.append(f"these pixels show nothing of {', '.join(dark)}")
    if len(alike := titles[np.isinf(sigma) & np.isfinite(alone)]):
        sentences.append(f"these pixels cannot tell apart {', '.join(alike)}")
    strength = np.triu(np.abs(np.nan_to_num(correlation)), k=1)
    pairs = np.argwhere(strength > _STRONG).tolist()
    for a, b in sorted(pairs, key=lambda pair: -strength[tuple(pair)]):
        sentences.append(
            f"{titles[a]} and {titles[b]} go together ({correlation[a, b]:+.2f}): "
            f"{sigma[a] / alone[a]:.1f} and {sigma[b] / alone[b]:.1f} times less "
            "certain than with all else known"
        )
    return tuple(sentences)
