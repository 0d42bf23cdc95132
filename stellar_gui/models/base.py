"""What a spectral model is: labels in, flux out, differentiably.

Fits, analysis and views rely on this protocol and on nothing else of a model.
"""

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class SpectralModel(Protocol):
    """Turns labels into flux, differentiably. Fits and views rely on this.

    Optional members, asked for with ``hasattr`` by those who can use them:

    - ``label_ranges`` (n_labels, 2), physical units: outside, a fit is flagged;
    - ``training_labels`` (n, n_labels): a sample of what it was trained on;
    - ``prior_labels``, the same: where the prior of a fit is another sample;
    - ``jacobian(labels)`` -> (n_stars, n_pixels, n_labels), per physical unit;
    - ``flux_covariance``: the model's own error, an `ErrorModel`;
    - ``nuisance``: names and Gaussian prior of parameters fitted beside the labels;
      such a model takes ``nuisance=`` (n_stars, n_nuisance) as a second argument, and
      its ``jacobian`` then has a column more for each;
    - ``split_of(flux, ivar)`` -> (n_stars, n_nuisance): a star's own nuisance;
    - ``folded()``: the model as a small network whose last layer alone is as wide as a
      spectrum, a `models.folded.Folded`, which fits are fastest with; or None;
    - ``rough_network()``: a plain `models.blocks.Network` near the model, in which a
      fit looks for the right valley first; or None;
    - ``infer(spectra, **options)`` -> FitResult: the model's own inference, which
      `fitting.fit_labels` then uses;
    - ``header``: dict that `models.save_model` writes beside the weights.
    """

    kind: str  # "cannon", "payne", ...
    label_names: tuple[str, ...]  # ("teff", "logg", "fe_h", ...)
    wavelength: Tensor  # (n_pixels,) Angstrom, float64
    medium: str  # "air" or "vacuum"
    resolution: float | None

    def __call__(self, labels: Tensor) -> Tensor:
        """(n_stars, n_labels) in physical units -> flux (n_stars, n_pixels)."""
