"""An emulator of one line width, and a Gaussian that widens its lines star by star.

Real stars differ in macroturbulence and rotation, and instruments in resolution, where
a grid may know one width only. `Broadened` adds the one number that is missing as a
nuisance, so that labels need not make up for it.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stellar_gui.constants import C_KMS
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import ErrorModel, LabelScaling, Network, Nuisance
from stellar_gui.models.broadened_fold import fold_broadened
from stellar_gui.models.files import model_of
from stellar_gui.models.folded import Folded
from stellar_gui.spectra import wavelength_pieces

_FWHM = 2 * np.sqrt(2 * np.log(2))  # full width at half maximum, in sigma
WIDEST = 30.0  # km/s
_REACH = 5.0  # the kernel ends here, in sigma of the widest
_FREQUENCIES = 64  # at which a kernel is integrated
_WEAK = Nuisance(("broadening",), torch.tensor([5.0]), torch.tensor([5.0]), 0.0, WIDEST)


class Broadening:
    """Convolves spectra on one grid with Gaussians given in km/s.

    wavelength (n_pixels,) Angstrom. Each piece by itself: at its ends, what is left of
    the kernel counts as all of it, as in `preprocess.degrade`. The kernel is the
    band-limited one, which has the right width also where a pixel is wider than it.
    """

    def __init__(self, wavelength: Tensor):
        grid = np.log(wavelength.numpy(force=True))
        pieces = wavelength_pieces(wavelength.numpy(force=True))
        steps = [np.gradient(grid[a:b]) * C_KMS for a, b in pieces]
        step = np.concatenate(steps)  # km/s a pixel
        uniform = np.ptp(step) < 1e-4 * step.mean()
        self.step = torch.tensor(step[:1] if uniform else step).to(wavelength.device)
        self.reach = int(np.ceil(_REACH * WIDEST / _FWHM / step.min()))
        shift = self.reach * np.arange(1, len(pieces) + 1)
        lengths = [b - a for a, b in pieces]
        slots = np.arange(len(grid)) + np.repeat(shift, lengths)
        self.slots = torch.tensor(slots).to(wavelength.device)
        self.n_padded = len(grid) + self.reach * (len(pieces) + 1)

    def __call__(self, flux: Tensor, broadening: Tensor) -> Tensor:
        """flux (n_stars, n_rows, n_pixels), FWHM (n_stars,) km/s -> same shape."""
        taps = self._taps(broadening).to(flux)  # (n_stars, 1 or n_pixels, n_taps)
        level = self._sum(torch.ones_like(flux[:, :1]), taps)
        return self._sum(flux, taps) / level

    def _taps(self, broadening):
        """Fourier integral of the Gaussian's transform, up to the Nyquist frequency."""
        sigma = broadening.double()[:, None] / (_FWHM * self.step)  # pixels
        offset = torch.arange(-self.reach, self.reach + 1).to(sigma)
        middle = torch.arange(_FREQUENCIES).to(sigma) + 0.5
        frequency = middle * (torch.pi / _FREQUENCIES)
        transform = torch.exp(-0.5 * (sigma[..., None] * frequency) ** 2)
        return transform @ torch.cos(frequency[:, None] * offset) / _FREQUENCIES

    def _sum(self, flux, taps):
        n_stars, n_rows, _ = flux.shape
        padded = flux.new_zeros(n_stars, n_rows, self.n_padded)
        padded = padded.index_copy(2, self.slots, flux)
        if taps.shape[1] == 1:  # a star is a channel, its rows are the batch
            moved = torch.nn.functional.conv1d(
                padded.transpose(0, 1), taps, padding=self.reach, groups=n_stars
            )
            return moved.transpose(0, 1)[:, :, self.slots]
        total = torch.zeros_like(flux)
        for k in range(taps.shape[2]):
            near = padded[:, :, self.slots + (k - self.reach)]
            total = total + taps[:, None, :, k] * near
        return total


@dataclass(frozen=True, eq=False)
class Broadened:
    """An emulator with one nuisance, ``broadening``: FWHM in km/s of a Gaussian more.

    Without ``nuisance`` the spectrum has the broadening of the prior's mean. Raises
    ValueError if the emulator has ``vbroad`` among its labels: that is the same thing.
    """

    emulator: SpectralModel
    nuisance: Nuisance = _WEAK
    provenance: dict[str, Any] = field(default_factory=dict)

    kind = "broadened"

    def __post_init__(self):
        if "vbroad" in self.emulator.label_names:
            raise ValueError(
                "the emulator has vbroad among its labels, expected one of a fixed "
                "line width: broadening would be fitted twice. Use it as it is."
            )

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.emulator.label_names

    @property
    def label_units(self) -> tuple[str, ...]:
        return self.emulator.label_units

    @property
    def label_ranges(self) -> Tensor:
        return self.emulator.label_ranges

    @property
    def wavelength(self) -> Tensor:
        return self.emulator.wavelength

    @property
    def medium(self) -> str:
        return self.emulator.medium

    @property
    def resolution(self) -> float | None:
        """Of the instrument; broadening is the star's."""
        return self.emulator.resolution

    @property
    def scaling(self) -> LabelScaling:
        return self.emulator.scaling

    @property
    def training_labels(self) -> Tensor | None:
        return self.emulator.training_labels

    @property
    def flux_covariance(self) -> ErrorModel | None:
        return self.emulator.flux_covariance

    @cached_property
    def _broaden(self) -> Broadening:
        return Broadening(self.wavelength)

    def __call__(self, labels: Tensor, nuisance: Tensor | None = None) -> Tensor:
        """(n_stars, n_labels), FWHM (n_stars, 1) km/s -> flux (n_stars, n_pixels)."""
        flux = self.emulator(labels)
        return self._broaden(flux[:, None], self._widths(flux, nuisance))[:, 0]

    def jacobian(self, labels: Tensor, nuisance: Tensor | None = None) -> Tensor:
        """d flux / d (labels, nuisance), (n_stars, n_pixels, n_labels (+ 1)).

        The column of the nuisance, per km/s, only if it is given.
        """
        along = self.emulator.jacobian(labels).transpose(1, 2)
        widths = self._widths(along, nuisance)
        columns = [self._broaden(along, widths)]
        if nuisance is not None:
            flux = self.emulator(labels)[:, None]
            widen = lambda width: self._broaden(flux, width)  # noqa: E731
            one = torch.ones_like(widths)
            columns.append(torch.func.jvp(widen, (widths,), (one,))[1])
        return torch.cat(columns, 1).transpose(1, 2)

    @property
    def linear_output(self) -> Network:
        """The emulator's network with the mean broadening in its last layer."""
        net = self.emulator.network
        both = torch.cat([net.weight3.T, net.bias3[None]])[None]
        wide = self._broaden(both, self.nuisance.mean.to(both))[0]
        return net._replace(weight3=wide[:-1].T.contiguous(), bias3=wide[-1])

    def rough_network(self) -> Network | None:
        """The network of the mean broadening, where a fit may start; None without."""
        return self.linear_output if hasattr(self.emulator, "network") else None

    def folded(self) -> Folded | None:
        """The same as one network with the broadening as an input, for fits.

        None if the emulator is no network.
        """
        network = getattr(self.emulator, "network", None)
        if network is None:
            return None
        return fold_broadened(network, self._broaden, WIDEST)

    def at(self, broadening: float) -> "Broadened":
        """The same emulator with another broadening, km/s, in the middle."""
        mean = torch.full_like(self.nuisance.mean, broadening)
        return replace(self, nuisance=self.nuisance._replace(mean=mean))

    def to(self, device: str | torch.device) -> "Broadened":
        """Return the model with all its tensors on ``device``."""
        tensors = {name: t.to(device) for name, t in self.to_tensors().items()}
        return self.from_tensors(tensors, self.header())

    def header(self) -> dict[str, Any]:
        """What a file says of the model beside its tensors, in plain values."""
        own = {"kind": self.kind, "emulator": self.emulator.header()}
        return self.emulator.header() | own | {"provenance": self.provenance}

    def to_tensors(self) -> dict[str, Tensor]:
        """All numbers of the model, by name; those of the emulator behind a prefix."""
        tensors = {f"emulator.{k}": v for k, v in self.emulator.to_tensors().items()}
        mean, sigma = self.nuisance.mean, self.nuisance.sigma
        return tensors | {"nuisance_mean": mean, "nuisance_sigma": sigma}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], header: dict) -> "Broadened":
        """Build the model from `to_tensors` and `header`.

        Raises KeyError if a tensor or an entry is missing.
        """
        emulator = {k.removeprefix("emulator."): v for k, v in tensors.items()}
        prior = tensors["nuisance_mean"], tensors["nuisance_sigma"]
        return cls(
            model_of(emulator, header["emulator"]),
            Nuisance(_WEAK.names, *prior, _WEAK.lower, _WEAK.upper),
            header["provenance"],
        )

    def _widths(self, like, nuisance):
        width = self.nuisance.mean if nuisance is None else nuisance[:, 0]
        return width.to(like).clamp(min=0).expand(len(like))
