"""How flux changes with each label: exact derivatives of any model, per useful step."""

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

from stellar_gui.labels import describe
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import checked_labels


def jacobian(
    model: SpectralModel, labels: Tensor, nuisance: Tensor | None = None
) -> Tensor:
    """Return d flux / d label (n_stars, n_pixels, n_labels), per physical unit.

    labels (n_stars, n_labels); nuisance (n_stars, n_nuisance), of a model that has one:
    then with a column more for each. The model's own ``jacobian`` where it has one,
    else one forward-mode pass for each column: stars do not mix, so all move together.
    """
    given = () if nuisance is None else (nuisance,)
    if hasattr(model, "jacobian"):
        return model.jacobian(labels, *given)
    everything = torch.cat([labels, *(part.to(labels) for part in given)], 1)
    widths = [labels.shape[1], *(part.shape[1] for part in given)]
    columns = []
    for move in torch.eye(sum(widths), dtype=labels.dtype, device=labels.device):
        with forward_ad.dual_level():
            along = move.expand_as(everything).contiguous()
            moved = forward_ad.make_dual(everything, along)
            flux, change = forward_ad.unpack_dual(model(*moved.split(widths, 1)))
        columns.append(torch.zeros_like(flux) if change is None else change)
    return torch.stack(columns, dim=-1)  # (n_stars, n_pixels, n_labels + n_nuisance)


def derivative_steps(label_names) -> np.ndarray:
    """(n_labels,) the change of each label that derivatives are drawn for.

    >>> derivative_steps(("teff", "mg_h"))
    array([100. ,   0.1])
    """
    return np.array([describe(name).derivative_step for name in label_names])


def label_derivatives(model: SpectralModel, labels) -> np.ndarray:
    """Return the change of flux for a useful step of each label, linearly.

    labels (n_stars, n_labels) or (n_labels,), in the model's order and physical units.
    Result (n_stars, n_pixels, n_labels): per 100 K, 0.1 dex or 1 km/s. Raises
    ValueError for labels of another number.
    """
    labels = np.atleast_2d(np.asarray(labels, dtype=np.float64))
    labels = checked_labels(labels, model.label_names)
    with torch.no_grad():
        change = jacobian(model, labels).numpy(force=True).astype(float)
    return change * derivative_steps(model.label_names)
