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
_LEAST_SLOPE = 1e-3  # flux per 0.1 dex that an element must change in a feature


class FourPanels(NamedTuple):
    """The panels, on the pixels that both have.

    wavelength, synthetic, transferred, difference (n_pixels,): Angstrom, flux;
    elements: the chosen ones; synthetic_change, transferred_change, change
    (n_pixels, n_elements): d flux per 0.1 dex of each, and transferred minus synthetic;
    explained (n_pixels,): place of the element in ``elements`` that the difference is
    attributed to there, -1 where it is small or another element's.
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

    def count(self, inside) -> tuple[int, int]:
        """Return how many features lie in some pixels, and how many are explained.

        inside (n_pixels,) bool.
        """
        difference = np.nan_to_num(self.difference)
        sign = np.sign(difference) * (np.abs(difference) >= LEAST) * inside
        starts = (sign != 0) & (sign != np.concatenate([[0.0], sign[:-1]]))
        return int(starts.sum()), int((starts & (self.explained >= 0)).sum())


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
    owner = explained(after.flux - before.flux, change[:, every])
    places = {every.index(column): k for k, column in enumerate(columns)}
    return FourPanels(
        wavelength=after.wavelength,
        synthetic=before.flux,
        transferred=after.flux,
        difference=after.flux - before.flux,
        elements=tuple(elements),
        synthetic_change=before.per_step[:, columns],
        transferred_change=after.per_step[:, columns],
        change=change[:, columns],
        explained=np.array([places.get(k, -1) for k in owner.tolist()]),
    )


def explained(added, change) -> np.ndarray:
    """Return the element that each pixel's difference is attributed to, (n_pixels,).

    added (n_pixels,): flux; change (n_pixels, n_elements): of the derivatives, per 0.1
    dex. A feature is a run of pixels in which flux differs by `LEAST` with one sign; it
    goes as a whole to the element whose derivative changes most like it. -1 outside of
    features, and where no element's does.

    >>> change = np.array([[0.0, 0.0], [-0.02, -0.01], [0.0, 0.0]])
    >>> explained(np.array([0.0, -0.1, 0.0]), change)
    array([-1,  0, -1])
    """
    added, change = np.nan_to_num(added), np.nan_to_num(change)
    sign = np.where(np.abs(added) >= LEAST, np.sign(added), 0.0)
    edges = np.flatnonzero(np.diff(sign, prepend=0.0, append=0.0))
    owner = np.full(len(added), -1)
    if not change.shape[1]:  # a model whose only abundance is that of all metals
        return owner
    for start, stop in pairwise(edges):
        if not sign[start]:
            continue
        own = added[start:stop]
        likeness = own @ change[start:stop] / np.abs(own).sum()  # weighted mean slope
        if likeness.max() >= _LEAST_SLOPE:
            owner[start:stop] = likeness.argmax()
    return owner
