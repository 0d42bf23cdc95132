"""Convolutions along a spectrum as matrix products, for CPUs.

Strided convolutions of spectra have few channels and many pixels, which torch's own
kernels are slow at: these take two thirds of the time. Features are (n, channels,
length) as everywhere, but lie in memory channel by channel of each pixel. Elsewhere
than on a CPU, torch's own do the work; the numbers are the same up to rounding.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Convolution(nn.Conv1d):
    """`torch.nn.Conv1d` without padding, where windows fill the length exactly."""

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type != "cpu":
            return super().forward(features)
        (kernel,), (stride,) = self.kernel_size, self.stride
        windows = Windows.apply(features.mT, kernel, stride)
        weight = self.weight.mT.flatten(1)  # (n_out, kernel * n_in)
        return F.linear(windows, weight, self.bias).mT


class TransposedConvolution(nn.ConvTranspose1d):
    """`torch.nn.ConvTranspose1d` without padding."""

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type != "cpu":
            return super().forward(features)
        (kernel,), (stride,) = self.kernel_size, self.stride
        windows = features.mT @ self.weight.mT.flatten(1)  # (n, n_windows, k * n_out)
        summed = Overlap.apply(windows, kernel, stride)
        return (summed + self.bias.to(summed)).mT


class Pointwise(nn.Linear):
    """A convolution of one pixel: (n, n_in, length) -> (n, n_out, length)."""

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features.mT).mT


class Windows(torch.autograd.Function):
    """Cut (n, length, channels) into windows (n, n_windows, kernel * channels).

    length = (n_windows - 1) * stride + kernel. Linear, and the transpose of `Overlap`:
    each is the other's gradient, so that derivatives of any order are at hand.
    """

    @staticmethod
    def forward(features, kernel, stride):
        windows = features.contiguous().unfold(1, kernel, stride)
        return windows.mT.flatten(2)

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, *ctx.shape = inputs

    @staticmethod
    def backward(ctx, gradient):
        return Overlap.apply(gradient, *ctx.shape), None, None

    @staticmethod
    def jvp(ctx, tangent, *_):
        return Windows.apply(tangent, *ctx.shape)

    @staticmethod
    def vmap(info, in_dims, features, kernel, stride):
        return _batched(Windows, in_dims, features, kernel, stride)


class Overlap(torch.autograd.Function):
    """Add up windows (n, n_windows, kernel * channels) to (n, length, channels)."""

    @staticmethod
    def forward(windows, kernel, stride):
        n, n_windows, width = windows.shape
        block = stride * (width // kernel)  # numbers from one window to the next
        parts = windows.split(block, 2)
        shape = n, n_windows + len(parts) - 1, block
        # every window's first part fills its own block; the rest add to later ones
        total = (
            windows.new_empty(shape) if kernel >= stride else windows.new_zeros(shape)
        )
        total[:, :n_windows, : parts[0].shape[2]] = parts[0]
        total[:, n_windows:] = 0
        for later, part in enumerate(parts[1:], 1):
            total[:, later : later + n_windows, : part.shape[2]] += part
        length = (n_windows - 1) * stride + kernel
        return total.view(n, -1, width // kernel)[:, :length]

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, *ctx.shape = inputs

    @staticmethod
    def backward(ctx, gradient):
        return Windows.apply(gradient, *ctx.shape), None, None

    @staticmethod
    def jvp(ctx, tangent, *_):
        return Overlap.apply(tangent, *ctx.shape)

    @staticmethod
    def vmap(info, in_dims, windows, kernel, stride):
        return _batched(Overlap, in_dims, windows, kernel, stride)


def _batched(function, in_dims, values, kernel, stride):
    """One more dimension becomes more spectra."""
    values = values.movedim(in_dims[0], 0)
    done = function.apply(values.flatten(0, 1), kernel, stride)
    return done.unflatten(0, values.shape[:2]), 0
