"""Forward-mode derivatives of layers, against those of torch."""

import pytest
import torch
from torch import nn

from stellar_gui.models.pushforward import push


def test_derivatives_are_those_of_torch():
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Linear(5, 7),
        nn.LeakyReLU(0.1),
        nn.Sequential(nn.Linear(7, 6), nn.LayerNorm(6, elementwise_affine=False)),
        nn.LeakyReLU(0.3),
        nn.Linear(6, 4),
    ).double()
    x, along = torch.randn(3, 5).double(), torch.randn(3, 2, 5).double()
    value, pushed = push(layers, x, along)
    torch.testing.assert_close(value, layers(x))
    for k in range(2):
        expected = torch.func.jvp(layers, (x,), (along[:, k],))[1]
        torch.testing.assert_close(pushed[:, k], expected)


@pytest.mark.parametrize("layer", [nn.Sigmoid(), nn.LayerNorm(5)])
def test_other_layers_are_refused(layer):
    with pytest.raises(
        TypeError, match=r"no derivative of a layer (Sigmoid|LayerNorm)"
    ):
        push(layer, torch.zeros(1, 5), torch.zeros(1, 1, 5))
