"""What a transfer adds to a spectrum, and which element each addition belongs to.

Figure 4 of O'Briain et al. (2021): where the transfer puts a line back, its flux falls
below the emulator's, and falls further with more of the line's element. Works on the
derivatives of both at one star; knows nothing of models.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.sensitivity import Sensitivity, in_common

LEAST = 0.01  # flux; smaller differences are not worth a colour
# Flux per 0.1 dex that an element's derivative must change by in a feature: a weak line
# that a transfer puts back with a depth of `LEAST` changes it by 0.0023.
LEAST_SLOPE = 1e-3


class Feature(NamedTuple):
    """Pixels ``start`` to before ``stop``, in which a transfer changes flux one way.

    column: of the element whose derivative changes most like it, -1 where there is no
    element; slope: by how much it does, flux per 0.1 dex.
    """

    start: int
    stop: int
    column: int
    slope: float

    @property
    def is_explained(self) -> bool:
        """Whether the element explains the feature."""
        return self.slope >= LEAST_SLOPE


class FourPanels(NamedTuple):
    """The panels, on the pixels that both have.

    wavelength, synthetic, transferred, difference (n_pixels,): Angstrom, flux;
    elements: the chosen ones; synthetic_change, transferred_change, change
    (n_pixels, n_elements): d flux per 0.1 dex of each, and transferred minus synthetic;
    explained (n_pixels,): place of the element in ``elements`` that the difference is
    attributed to there, -1 where it is small or another element's; features: by
    wavelength, whatever explains them; labels: the elements that their columns count.
    """

    wavelength: np.ndarray
    synthetic: np.ndarray
    transferred: np.ndarray
    difference: np.ndarray
    elements: tuple[str, ...]
    synthetic_change: np.ndarray
    transferred_change: np.ndarray
    change: np.ndarray
    explained: np.ndarray
    features: tuple[Feature, ...]
    labels: tuple[str, ...]

    def inside(self, low: float, high: float) -> list[Feature]:
        """Return the features of which a pixel lies from low to high, Angstrom."""
        first, stop = np.searchsorted(self.wavelength, [low, high + 1e-6])
        return [own for own in self.features if own.start < stop and own.stop > first]

    def element(self, feature: Feature) -> str:
        """Return the element that changes most like a feature; "" if there is none."""
        return self.labels[feature.column] if feature.column >= 0 else ""


def four_panels(
    synthetic: Sensitivity, transferred: Sensitivity, elements: Sequence[str]
) -> FourPanels:
    """Compare the sensitivities of an emulator and of its transfer at one star.

    elements: those to show, "Fe"; a feature is attributed among all that are labels.
    Raises ValueError for an element that is no label of both, and where the two share
    no pixel.
    """
    after, before = in_common(transferred, synthetic)
    unknown = [element for element in elements if element not in after.elements]
    if unknown:
        raise ValueError(
            f"no derivative by {', '.join(unknown)}, expected elements of "
            f"{', '.join(after.elements)}"
        )
    columns = [after.elements[element] for element in elements]
    every = list(after.elements.values())
    change = after.per_step - before.per_step
    difference = after.flux - before.flux
    found = features(difference, change[:, every])
    owner = _owners(found, len(difference))
    places = {every.index(column): k for k, column in enumerate(columns)}
    return FourPanels(
        wavelength=after.wavelength,
        synthetic=before.flux,
        transferred=after.flux,
        difference=difference,
        elements=tuple(elements),
        synthetic_change=before.per_step[:, columns],
        transferred_change=after.per_step[:, columns],
        change=change[:, columns],
        explained=np.array([places.get(k, -1) for k in owner.tolist()]),
        features=tuple(found),
        labels=tuple(after.elements),
    )


def explained(added, change) -> np.ndarray:
    """Return the element that each pixel's difference is attributed to, (n_pixels,).

    Arguments as in `features`; a feature goes as a whole to its element. -1 outside of
    features, and where no element explains one.

    >>> change = np.array([[0.0, 0.0], [-0.02, -0.01], [0.0, 0.0]])
    >>> explained(np.array([0.0, -0.1, 0.0]), change)
    array([-1,  0, -1])
    """
    return _owners(features(added, change), len(added))


def features(added, change) -> list[Feature]:
    """Return the runs of pixels in which flux differs by `LEAST` with one sign.

    added (n_pixels,): flux; change (n_pixels, n_elements): of the derivatives, per 0.1
    dex. The slope is the change's mean over a feature, weighted by the flux that was
    added, and positive where both have one sign.
    """
    added, change = np.nan_to_num(added), np.nan_to_num(change)
    sign = np.where(np.abs(added) >= LEAST, np.sign(added), 0.0)
    edges = np.flatnonzero(np.diff(sign, prepend=0.0, append=0.0))
    found = []
    for start, stop in pairwise(edges.tolist()):
        if not sign[start]:
            continue
        own = added[start:stop]
        likeness = own @ change[start:stop] / np.abs(own).sum()
        # a model whose only abundance is that of all metals has no element
        column = int(likeness.argmax()) if likeness.size else -1
        slope = float(likeness.max(initial=0.0))
        found.append(Feature(start, stop, column, slope))
    return found


def _owners(found, n_pixels):
    """(n_pixels,) column of the element that explains each pixel, -1 for none."""
    owner = np.full(n_pixels, -1)
    for feature in found:
        if feature.is_explained:
            owner[feature.start : feature.stop] = feature.column
    return owner
