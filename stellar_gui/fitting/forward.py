"""From label coordinates to spline coefficients and their Jacobian, for any model.

`NetworkForward` knows the Payne's layers: no graph, the spline folded into the last
layer, and a Gauss-Newton Hessian from one shared Gram matrix. `AutomaticForward` takes
any differentiable `SpectralModel`, by forward mode or by the model's own ``jacobian``.
"""

import torch
from torch import Tensor

from stellar_gui.fitting.velocity import PixelLayout
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import LabelScaling, Network


class NetworkForward:
    """The fast path of a model with a ``network`` over its label scaling."""

    has_gram = True

    def __init__(self, model, layout: PixelLayout):
        self.n_labels = len(model.label_names)
        self.n_nuisance = 0
        net = model.network
        self.network: Network = net._replace(
            weight3=layout.coefficients(net.weight3.T).T.contiguous(),
            bias3=layout.coefficients(net.bias3[None])[0],
        )

    def coefficients(self, coordinates: Tensor, output=True):
        """(n, n_labels) float64 -> (n, n_padded), and what the Jacobian needs.

        Without ``output`` the first is None.
        """
        hidden = self.network.hidden(coordinates.to(self.network.weight1))
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
        nuisance = getattr(model, "nuisance", None)
        self.n_nuisance = len(nuisance.names) if nuisance is not None else 0

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
            flux = (
                self._own(coordinates) if self._has_own() else self._pushed(coordinates)
            )
        n, k, _ = flux.shape
        return self.layout.coefficients(flux.float().reshape(n * k, -1)).reshape(
            n, k, -1
        )

    def _flux(self, coordinates):
        labels = self.scaling.to_labels(coordinates[:, : self.n_labels])
        nuisance = coordinates[:, self.n_labels :]
        more = {"nuisance": nuisance} if self.n_nuisance else {}
        # a model may be silent in pixels, which the fit gives no weight
        return torch.nan_to_num(self.model(labels, **more), nan=1.0)

    def _has_own(self):
        return hasattr(self.model, "jacobian") and not self.n_nuisance

    def _own(self, coordinates):
        labels = self.scaling.to_labels(coordinates)
        jacobian = torch.nan_to_num(self.model.jacobian(labels))
        scale = self.scaling.labels_per_coordinate.to(jacobian)
        return (jacobian @ scale).transpose(1, 2)  # (n, n_labels, n_pixels)

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
    if isinstance(getattr(model, "network", None), Network):
        return NetworkForward(model, layout)
    return AutomaticForward(model, layout, scaling)
