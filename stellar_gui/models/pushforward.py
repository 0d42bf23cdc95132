"""Forward-mode derivatives of plain layers, many directions at once, without a graph.

What `torch.func.jvp` under `vmap` gives, at half its cost and without the second that
it takes to start: a fit pushes a few dozen directions through some hundred units.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def push(layer: nn.Module, x: Tensor, along: Tensor) -> tuple[Tensor, Tensor]:
    """Return layer(x), and its derivative in the directions ``along``.

    x (n, n_in); along (n, n_directions, n_in). Raises TypeError for a layer that is not
    linear, a leaky rectifier, a layer norm without weights, or a sequence of these.

    >>> layer = nn.LeakyReLU(0.1)
    >>> push(layer, torch.tensor([[2.0, -3.0]]), torch.ones(1, 1, 2))[1]
    tensor([[[1.0000, 0.1000]]])
    """
    if isinstance(layer, nn.Sequential):
        for part in layer:
            x, along = push(part, x, along)
        return x, along
    if isinstance(layer, nn.Linear):
        return layer(x), along @ layer.weight.T
    if isinstance(layer, nn.LeakyReLU):
        slope = torch.where(x > 0, 1.0, layer.negative_slope).to(x)
        return x * slope, along * slope[:, None]
    if isinstance(layer, nn.LayerNorm) and layer.weight is None:
        return _push_norm(layer, x, along)
    raise TypeError(
        f"no derivative of a layer {type(layer).__name__}, expected Linear, LeakyReLU "
        "or LayerNorm without weights"
    )


def _push_norm(layer, x, along):
    normal = functional.layer_norm(x, layer.normalized_shape, eps=layer.eps)
    spread = (x.var(1, correction=0, keepdim=True) + layer.eps).sqrt()
    centred = along - along.mean(2, keepdim=True)
    share = (centred * normal[:, None]).mean(2, keepdim=True)
    return normal, (centred - share * normal[:, None]) / spread[:, None]
