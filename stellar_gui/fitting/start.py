"""Where a fit starts: coarse velocities, and the library stars most like each star.

The library is a sample of the model's own label space, so any model has one. Velocities
come from cross-correlation with a few of its spectra (Tonry & Davis 1979, AJ 84, 1511).
"""

import torch
from torch import Tensor

from stellar_gui.constants import C_KMS
from stellar_gui.fitting.velocity import PixelLayout

_LIBRARY, _TEMPLATES, _CHUNK = 512, 12, 64
_NOISE = 0.01  # of the flux, that the regression expects


class Library:
    """Model spectra over the label space, to compare stars with.

    coordinates (n, n_labels), of which a fixed random part is used; fill (n_nuisance,):
    values of nuisance parameters.
    """

    def __init__(self, forward, layout: PixelLayout, coordinates, fill, seed=0):
        rng = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(coordinates), generator=rng)[:_LIBRARY]
        coordinates = coordinates[chosen.to(coordinates.device)]
        fill = fill.to(coordinates).expand(len(coordinates), -1)
        self.layout = layout
        self.coordinates = torch.cat([coordinates, fill], 1)
        parts = [
            forward.coefficients(self.coordinates[start : start + _CHUNK])[0]
            for start in range(0, len(coordinates), _CHUNK)
        ]
        self._coefficients = torch.cat(parts)
        at_rest = layout.shift(torch.zeros(1, dtype=torch.float64).to(coordinates))
        self.flux = layout.apply(self._coefficients[None], at_rest)[0]
        self._squared = self.flux**2
        self._centre = self.flux.mean(0), self.coordinates.mean(0)
        self._guess = self._regression()
        self._shifted = {}

    def velocities(self, flux: Tensor, weight: Tensor, reach: float) -> Tensor:
        """Coarse velocities (n_stars,) km/s within ``reach``, to half a pixel.

        flux, weight (n_stars, n_padded). The template's depth is free: what counts is
        how much of the chi2 of a flat spectrum it takes away.
        """
        grid, depths = self._templates(reach)
        absorbed = weight * (1.0 - flux)
        best = []
        for depth in depths:  # (n_templates, n_padded) at one velocity
            match = (absorbed @ depth.T).clamp(min=0)
            norm = weight @ (depth**2).T
            best.append((match**2 / norm.clamp(min=1e-10)).amax(1))
        return grid[torch.stack(best, 1).argmax(1)]

    def _templates(self, reach):
        if reach not in self._shifted:
            count = 2 * max(int(reach / (C_KMS * self.layout.step)), 1) + 1
            grid = torch.linspace(-reach, reach, count, dtype=torch.float64)
            grid = grid.to(self.coordinates.device)
            shift = self.layout.shift(grid)
            few = self._coefficients[:_TEMPLATES]
            spectra = self.layout.apply(few.expand(count, *few.shape), shift)
            depths = (1.0 - spectra) * self.layout.inside(grid)[:, None]
            self._shifted[reach] = grid, depths
        return self._shifted[reach]

    def guess(self, flux: Tensor, weight: Tensor) -> Tensor:
        """Coordinates (n_stars, n) by ridge regression on the pixels, at rest.

        Linear, so only a start, but one that all pixels and labels share in.
        """
        middle, coordinates = self._centre
        off = torch.where(weight > 0, flux - middle, 0.0)
        guess = coordinates + (off @ self._guess).to(coordinates)
        low, high = self.coordinates.amin(0), self.coordinates.amax(0)
        return torch.maximum(torch.minimum(guess, high), low)

    def _regression(self):
        """(n_padded, n) from flux to coordinates, for spectra of a typical S/N."""
        middle, coordinates = self._centre
        off = self.flux - middle
        # in the space of stars, fewer than pixels; the noise is what damps
        kernel = (off @ off.T).double()
        kernel.diagonal().add_(len(off) * _NOISE**2)
        return off.T @ torch.linalg.solve(
            kernel, (self.coordinates - coordinates).to(kernel)
        ).to(off)

    def starts(self, flux: Tensor, weight: Tensor, count: int) -> Tensor:
        """Coordinates (n_stars, count, n): the `guess`, then the nearest library stars.

        flux, weight (n_stars, n_padded), both at rest; nearest is of lowest chi2.
        """
        first = self.guess(flux, weight)[:, None]
        others = min(count - 1, len(self.flux))
        if others < 1:
            return first
        chi2 = weight @ self._squared.T - 2.0 * (weight * flux) @ self.flux.T
        chosen = chi2.topk(others, largest=False).indices
        return torch.cat([first, self.coordinates[chosen]], 1)


def at_rest(layout: PixelLayout, flux: Tensor, weight: Tensor, velocity: Tensor):
    """Move stars (n_stars, n_padded) by whole pixels to rest; good enough to start.

    Returns flux and weight; pixels that come from outside weigh nothing.
    """
    back = layout.shift(-velocity)
    nearest = torch.zeros_like(back.taps)
    nearest[:, 1:3] = torch.stack(
        [back.taps[:, 1] >= back.taps[:, 2], back.taps[:, 1] < back.taps[:, 2]], 1
    ).to(nearest)
    back = back._replace(taps=nearest)
    return layout.apply(flux, back), layout.apply(weight, back) * layout.inside(
        -velocity
    )
