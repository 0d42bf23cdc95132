"""From label coordinates to spline coefficients and their Jacobian, for any model.

`NetworkForward` knows networks whose last layer is linear, the Payne's and folded ones:
no graph over pixels, the spline folded into that layer, and a Gauss-Newton Hessian from
one shared Gram matrix. `AutomaticForward` takes
any differentiable `SpectralModel`, by forward mode or by the model's own ``jacobian``.
"""

import torch
from torch import Tensor

from stellar_gui.fitting.velocity import PixelLayout
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import LabelScaling, Network
from stellar_gui.models.folded import Folded


class NetworkForward:
    """The fast path of a model with a network over its label scaling."""

    has_gram = True

    def __init__(
        self,
        model: SpectralModel,
        network: Network | Folded,
        layout: PixelLayout,
        n_nuisance: int = 0,
    ):
        self.n_labels, self.n_nuisance = len(model.label_names), n_nuisance
        self.network = network.with_output(
            layout.coefficients(network.weight3.T).T.contiguous(),
            layout.coefficients(network.bias3[None])[0],
        )

    def coefficients(self, coordinates: Tensor, output=True):
        """(n, n_labels) float64 -> (n, n_padded), and what the Jacobian needs.

        Without ``output`` the first is None.
        """
        hidden = self.network.hidden(coordinates.to(self.network.weight3))
        return self.network.output(hidden.activation) if output else None, hidden

    def jacobian(self, coordinates: Tensor, kept) -> Tensor:
        """d coefficients / d coordinates, (n, n_labels, n_padded)."""
        inner = self.network.hidden_jacobian(kept)
        flat = inner.reshape(-1, inner.shape[-1]) @ self.network.weight3.T
        return flat.reshape(*inner.shape[:2], -1)

    def gram(self, weights: Tensor) -> Tensor:
        """(n_hidden, n_hidden) of the last layer under weights (n_padded,)."""
        return (self.network.weight3 * weights[:, None]).T @ self.network.weight3

    def inner_jacobian(self, kept) -> Tensor:
        """d last hidden layer / d coordinates, (n, n_labels, n_hidden)."""
        return self.network.hidden_jacobian(kept)

    def to_hidden(self, onto: Tensor) -> Tensor:
        """Back-propagate (n, n_padded) through the last layer, (n, n_hidden)."""
        return onto @ self.network.weight3


class AutomaticForward:
    """Any model that maps labels to flux with torch operations."""

    has_gram = False

    def __init__(
        self, model: SpectralModel, layout: PixelLayout, scaling: LabelScaling
    ):
        self.model, self.layout, self.scaling = model, layout, scaling
        self.n_labels = len(model.label_names)
        self.n_nuisance = count_nuisance(model)

    def coefficients(self, coordinates: Tensor, output=True):
        """(n, n_labels + n_nuisance) float64 -> (n, n_padded), and nothing to keep."""
        if not output:
            return None, None
        with torch.no_grad():
            flux = self._flux(coordinates)
        return self.layout.coefficients(flux.float()), None

    def jacobian(self, coordinates: Tensor, kept) -> Tensor:
        """d coefficients / d coordinates, (n, n_labels + n_nuisance, n_padded)."""
        with torch.no_grad():
            has_own = hasattr(self.model, "jacobian")
            flux = (self._own if has_own else self._pushed)(coordinates)
        n, k, _ = flux.shape
        return self.layout.coefficients(flux.float().reshape(n * k, -1)).reshape(
            n, k, -1
        )

    def _flux(self, coordinates):
        labels, nuisance = self._parts(coordinates)
        # a model may be silent in pixels, which the fit gives no weight
        return torch.nan_to_num(self.model(labels, **nuisance), nan=1.0)

    def _own(self, coordinates):
        labels, nuisance = self._parts(coordinates)
        jacobian = torch.nan_to_num(self.model.jacobian(labels, **nuisance))
        scale = self.scaling.labels_per_coordinate.to(jacobian)
        along_labels = jacobian[:, :, : self.n_labels] @ scale
        jacobian = torch.cat([along_labels, jacobian[:, :, self.n_labels :]], 2)
        return jacobian.transpose(1, 2)  # (n, n_labels + n_nuisance, n_pixels)

    def _parts(self, coordinates):
        """Labels in physical units, and the nuisance as a keyword if there is one."""
        labels = self.scaling.to_labels(coordinates[:, : self.n_labels])
        nuisance = coordinates[:, self.n_labels :]
        return labels, {"nuisance": nuisance} if self.n_nuisance else {}

    def _pushed(self, coordinates):
        """Forward mode, one label after the other: memory stays that of a spectrum."""
        directions = torch.eye(coordinates.shape[1]).to(coordinates)
        return torch.stack(
            [
                torch.func.jvp(self._flux, (coordinates,), (d.expand_as(coordinates),))[
                    1
                ]
                for d in directions
            ],
            1,
        )


def forward_of(model, layout: PixelLayout, scaling: LabelScaling):
    """Return the fastest forward that fits the model."""
    network = getattr(model, "network", None)
    if not isinstance(network, Network):
        network = model.folded() if hasattr(model, "folded") else None
    if network is not None:
        return NetworkForward(model, network, layout, count_nuisance(model))
    return AutomaticForward(model, layout, scaling)


def count_nuisance(model) -> int:
    """Return how many parameters are fitted beside the labels of a model."""
    nuisance = getattr(model, "nuisance", None)
    return 0 if nuisance is None else len(nuisance.names)
