"""Polynomials per piece that multiply a model spectrum, fitted beside the labels."""

import torch
from torch import Tensor

from stellar_gui.fitting.velocity import PixelLayout


def continuum_basis(layout: PixelLayout, degree: int) -> Tensor:
    """Legendre polynomials up to ``degree`` in every piece, (n_basis, n_padded).

    Zero outside their piece; n_basis = (degree + 1) * n_pieces. The model spectrum is
    multiplied by 1 + coefficients @ basis. Raises ValueError for a negative degree.
    """
    if degree < 0:
        raise ValueError(
            f"continuum_degree is {degree}, expected 0 or more, or None for none"
        )
    rows = []
    for start, stop in layout.pieces:
        x = torch.linspace(-1, 1, stop - start, device=layout.slots.device)
        before, current = torch.zeros_like(x), torch.ones_like(x)
        for n in range(degree + 1):
            row = x.new_zeros(layout.n_pixels)
            row[start:stop] = current
            rows.append(row)
            before, current = (
                current,
                ((2 * n + 1) * x * current - n * before) / (n + 1),
            )
    return layout.embed(torch.stack(rows))
