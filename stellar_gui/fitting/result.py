"""FitResult: what a fit says of every star, in physical units."""

import enum
from dataclasses import dataclass

import numpy as np


class FitFlag(enum.IntFlag):
    """What a user must know of a fit before using it; 0 is a fit without complaint."""

    NOT_CONVERGED = 1  # stopped at the iteration limit
    EDGE = 2  # a label lies at the edge of the model's range
    OUTSIDE_TRAINING = 4  # unlike any star of the training set
    ALL_BAD = 8  # no good pixel: every number is NaN
    STARTS_DISAGREE = 16  # other starting points end in another minimum of equal chi2
    VELOCITY_EDGE = 32  # the true velocity may lie beyond those that were searched

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(_SENTENCES[flag] for flag in FitFlag if flag & self)


_SENTENCES = {
    FitFlag.NOT_CONVERGED: "the fit did not converge",
    FitFlag.EDGE: "a label lies at the edge of the model's range",
    FitFlag.OUTSIDE_TRAINING: "outside the training labels",
    FitFlag.ALL_BAD: "no good pixel",
    FitFlag.STARTS_DISAGREE: "several minima fit equally well",
    FitFlag.VELOCITY_EDGE: "the radial velocity lies at the end of its search range",
}


@dataclass(frozen=True, eq=False)
class FitResult:
    """Labels of ``n_stars`` stars, covariances and best-fit spectra.

    labels (n_stars, n_labels), covariance (n_stars, n_labels, n_labels), in the units
    of the labels; rv, rv_sigma (n_stars,) km/s, positive = receding, NaN where not
    fitted; chi2, n_good (n_stars,); flags (n_stars,) of FitFlag; model_flux
    (n_stars, n_pixels) on the spectra's own wavelength grid, NaN where the model says
    nothing; model_sigma same shape or (n_pixels,), the model's own error per pixel
    (the Cannon's scatter, the Payne's emulator error): z-scores add it to 1/ivar;
    n_parameters, of a star: all that were fitted, the velocity, the continuum and the
    model's nuisance parameters included, None for the labels and the velocity alone;
    nuisance, nuisance_sigma (n_stars, n_nuisance), by nuisance_names: None for a model
    without, sigma NaN where the fit held them.
    """

    label_names: tuple[str, ...]
    labels: np.ndarray
    covariance: np.ndarray
    chi2: np.ndarray
    n_good: np.ndarray
    flags: np.ndarray
    model_flux: np.ndarray
    model_sigma: np.ndarray
    rv: np.ndarray
    rv_sigma: np.ndarray
    n_parameters: int | None = None
    nuisance_names: tuple[str, ...] = ()
    nuisance: np.ndarray | None = None
    nuisance_sigma: np.ndarray | None = None

    def __post_init__(self):
        if self.n_parameters is None:
            velocity = int(np.isfinite(self.rv).any())
            count = len(self.label_names) + velocity
            object.__setattr__(self, "n_parameters", count)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, stars) -> "FitResult":
        """The stars of a slice, an index array or one index, as a FitResult.

        Raises IndexError for a star that does not exist.
        """
        if isinstance(stars, (int, np.integer)):
            if not -len(self) <= stars < len(self):
                raise IndexError(
                    f"star {stars} does not exist, expected 0 to {len(self) - 1}"
                )
            stars = [stars]
        cut = lambda a: None if a is None else a[stars]  # noqa: E731
        sigma = self.model_sigma
        return FitResult(
            label_names=self.label_names,
            n_parameters=self.n_parameters,
            nuisance_names=self.nuisance_names,
            model_sigma=cut(sigma) if sigma.ndim == 2 else sigma,
            **{
                name: cut(getattr(self, name))
                for name in (
                    "labels covariance chi2 n_good flags model_flux rv rv_sigma "
                    "nuisance nuisance_sigma"
                ).split()
            },
        )

    @property
    def sigma(self) -> np.ndarray:
        """(n_stars, n_labels) standard deviations of the labels."""
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))

    @property
    def reduced_chi2(self) -> np.ndarray:
        """(n_stars,) chi2 / (good pixels - parameters); NaN without pixels left."""
        freedom = np.asarray(self.n_good, dtype=float) - self.n_parameters
        return np.where(freedom > 0, self.chi2 / np.maximum(freedom, 1), np.nan)

    def label(self, name: str) -> np.ndarray:
        """(n_stars,) values of one label. Raises KeyError if it was not fitted."""
        if name not in self.label_names:
            raise KeyError(f"no label {name!r} in this fit, only {self.label_names}")
        return self.labels[:, self.label_names.index(name)]
