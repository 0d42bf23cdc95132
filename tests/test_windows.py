"""Convolutions as matrix products are torch's own, with all their derivatives."""

import pytest
import torch
from torch import nn

from stellar_gui.models.windows import Convolution, Pointwise, TransposedConvolution

LAYERS = [
    (Convolution, nn.Conv1d),
    (TransposedConvolution, nn.ConvTranspose1d),
]
SHAPES = [(7, 1), (7, 2), (7, 4), (3, 3), (2, 3), (1, 1)]  # kernel, stride


def random(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng, dtype=torch.float64)


def pair(ours, theirs, kernel, stride):
    """The same layer twice, and features that its windows fill."""
    layer = ours(3, 5, kernel, stride).double()
    torchs = theirs(3, 5, kernel, stride).double()
    torchs.load_state_dict(layer.state_dict())
    return layer, torchs, random(2, 3, 8 * stride + kernel)


@pytest.mark.parametrize(("kernel", "stride"), SHAPES)
@pytest.mark.parametrize(("ours", "theirs"), LAYERS)
def test_a_layer_gives_what_torchs_own_gives(ours, theirs, kernel, stride):
    layer, torchs, features = pair(ours, theirs, kernel, stride)
    torch.testing.assert_close(layer(features), torchs(features))


@pytest.mark.parametrize(("kernel", "stride"), SHAPES)
@pytest.mark.parametrize(("ours", "theirs"), LAYERS)
def test_gradients_of_gradients_agree(ours, theirs, kernel, stride):
    """As the critics' gradient penalty takes them."""
    found = []
    for layer in pair(ours, theirs, kernel, stride)[:2]:
        features = random(2, 3, 8 * stride + kernel).requires_grad_()
        verdict = (layer(features) ** 3).sum()
        (slope,) = torch.autograd.grad(verdict, features, create_graph=True)
        (slope**2).sum().backward()
        found.append([slope, features.grad, layer.weight.grad, layer.bias.grad])
    torch.testing.assert_close(*found)


@pytest.mark.parametrize(("ours", "theirs"), LAYERS)
def test_many_directions_are_pushed_forward_at_once(ours, theirs):
    layer, torchs, features = pair(ours, theirs, 7, 2)
    directions = random(4, *features.shape, seed=1)

    def pushed(module):
        push = lambda d: torch.func.jvp(module, (features,), (d,))[1]  # noqa: E731
        return torch.func.vmap(push)(directions)

    torch.testing.assert_close(pushed(layer), pushed(torchs))


def test_a_pointwise_layer_is_a_convolution_of_one_pixel():
    layer = Pointwise(29, 32).double()
    features = random(3, 29, 24)
    expected = nn.functional.conv1d(features, layer.weight[:, :, None], layer.bias)
    torch.testing.assert_close(layer(features), expected)


@pytest.mark.parametrize(("ours", "theirs"), LAYERS)
def test_layers_compute_in_bfloat16_where_asked(ours, theirs):
    layer, torchs, features = pair(ours, theirs, 7, 4)
    with torch.autocast("cpu", torch.bfloat16):
        narrow = layer.float()(features.float())
    assert narrow.dtype == torch.bfloat16
    torch.testing.assert_close(narrow.double(), torchs(features), atol=0.03, rtol=0.03)
