"""Where each element speaks: derivatives of flux as a map, elements x wavelength."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.derivatives import derivative_steps
from stellar_gui.analysis.sensitivity import Sensitivity


class ElementMap(NamedTuple):
    """-d flux / d label, each row divided by its own scale.

    values (n_rows, n_pixels): between -1 and 1; positive where more of the element
    makes the line deeper. scale (n_rows,): the largest |d flux| of a row, per 0.1 dex
    (100 K, 1 km/s for other labels), to be printed beside it; 0 for a row of nothing,
    whose values are 0. NaN where the model says nothing.
    """

    wavelength: np.ndarray  # (n_pixels,) Angstrom
    rows: tuple[str, ...]  # label names
    values: np.ndarray
    scale: np.ndarray


def element_map(
    sensitivity: Sensitivity, labels: Sequence[str] | None = None
) -> ElementMap:
    """Return the map of a sensitivity, or of a difference of two.

    labels: names of the rows, in their order; all abundances by default, in the order
    of the model. For [X/Fe] pass ``sensitivity.relative_to_iron()``. Raises ValueError
    for a label that the model does not have.
    """
    if labels is None:
        labels = [sensitivity.label_names[k] for k in sensitivity.elements.values()]
    unknown = [name for name in labels if name not in sensitivity.label_names]
    if unknown:
        raise ValueError(
            f"no label {', '.join(unknown)} in this model, expected some of "
            f"{', '.join(sensitivity.label_names)}"
        )
    columns = [sensitivity.label_names.index(name) for name in labels]
    values = -(sensitivity.jacobian[:, columns] * derivative_steps(labels)).T
    scale = np.nan_to_num(np.abs(values)).max(axis=1, initial=0.0)
    divided = values / np.where(scale > 0, scale, 1.0)[:, None]
    return ElementMap(sensitivity.wavelength, tuple(labels), divided, scale)
