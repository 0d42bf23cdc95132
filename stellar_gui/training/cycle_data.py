"""What Cycle-StarNet is trained on: observed spectra, and labels for synthetic ones.

Synthetic spectra are made on the fly by an emulator; observed ones must lie on its
grid. Holes in observations (ivar 0) are filled with a typical observed spectrum, so
that an encoder sees no jump there; they have no weight in any loss.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.fitting.checks import check_fittable, check_level
from stellar_gui.models.autoencoder import Autoencoders
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import checked_labels
from stellar_gui.spectra import Spectra
from stellar_gui.training.device import doubles, on_device

_RESOLUTION_MISMATCH = 0.1  # relative; less is a gap that the transfer may learn


class Observed(NamedTuple):
    """Observed spectra on the device, (n_stars, n_pixels) each."""

    flux: Tensor  # float32, without holes
    ivar: Tensor  # 0 marks a bad pixel

    @classmethod
    def of(cls, spectra: Spectra, networks: Autoencoders) -> "Observed":
        """Fill the holes of ``spectra`` with the typical spectrum of the networks."""
        device = networks.typical.device
        flux, ivar = _tensors(spectra)
        filled = networks.filled(flux.to(device), (ivar > 0).to(device))
        return cls(filled, ivar.to(device))


class LabelSource(NamedTuple):
    """The assumed distribution of labels; synthetic spectra are drawn from it."""

    emulator: SpectralModel
    labels: Tensor  # (n, n_labels) float64, physical units, where the emulator is
    device: torch.device  # of the spectra

    @classmethod
    def of(cls, emulator: SpectralModel, labels, device) -> "LabelSource":
        """Take labels (n, n_labels); None takes those that the emulator carries.

        device: where spectra are wanted. Labels have 64 bits, so that where a device
        has none, as MPS, spectra are made on the CPU. Raises ValueError for labels of
        another number, too few, or not finite.
        """
        if labels is None:
            labels = getattr(emulator, "training_labels", None)
        if labels is None:
            raise ValueError(
                "this emulator carries no training labels, so the distribution of the "
                "stars' labels must be given: labels of shape (n, "
                f"{len(emulator.label_names)})"
            )
        labels = checked_labels(labels, emulator.label_names).double()
        finite = torch.isfinite(labels).all(1)
        if len(labels) < 2 or not finite.all():
            raise ValueError(
                f"{int((~finite).sum())} of {len(labels)} rows of the assumed labels "
                "are not finite, expected two or more rows, finite in every label. "
                "Leave out stars without labels."
            )
        exact, device = doubles(torch.device(device)), torch.device(device)
        return cls(emulator.to(exact), labels.to(exact), device)

    @torch.no_grad()
    def spectra(self, rows: Tensor, shift: Tensor | None = None) -> Tensor:
        """Emulated flux (n, n_pixels) at these rows (n,) of the labels.

        rows lie on the CPU; so does shift (n, n_labels), in scaled labels: then
        (2 n, n_pixels), at the labels and at those moved.
        """
        labels = self.labels[on_device(rows, self.labels.device)]
        if shift is not None:
            scaling = self.emulator.scaling
            shift = on_device(shift, labels.device)
            moved = scaling.to_labels(scaling.to_coordinates(labels) + shift)
            labels = torch.cat([labels, moved])
        return self.emulator(labels).float().to(self.device)


def check_domains(emulator: SpectralModel, observed: Spectra) -> None:
    """Raise ValueError if emulator and observations are not comparable, pixel by pixel.

    The sentence names the function of `preprocess` that mends it.
    """
    grid = emulator.wavelength.numpy(force=True)
    pixels = check_fittable(emulator, observed)
    if observed.n_pixels != len(grid) or (pixels < 0).any():
        raise ValueError(
            f"the observed spectra have {observed.n_pixels} pixels, the emulator "
            f"{len(grid)}, {int((pixels >= 0).sum())} of them the same; expected one "
            "grid. Bring the spectra to that of the emulator with preprocess.match()."
        )
    own, wanted = observed.resolution, emulator.resolution
    known = own is not None and wanted is not None
    if known and abs(own / wanted - 1) > _RESOLUTION_MISMATCH:
        mend = (
            "Lower that of the observed spectra with preprocess.degrade()."
            if own > wanted
            else "Lower that of the synthetic spectra with preprocess.degrade(), and "
            "train an emulator on them."
        )
        raise ValueError(
            f"the observed spectra have resolution {own:.0f}, the emulator "
            f"{wanted:.0f}, expected the same. {mend}"
        )
    check_level(np.asarray(observed.flux), observed.good, observed.ids)


def typical_spectrum(observed: Spectra, synthetic: Tensor) -> Tensor:
    """Mean of the good pixels, (n_pixels,) weighted by ivar.

    synthetic (n, n_pixels): their mean stands where no observed pixel is good.
    """
    flux, ivar = _tensors(observed)
    total = ivar.double().sum(0)
    weighted = (torch.where(ivar > 0, flux, 0.0) * ivar).double().sum(0)
    mean = (weighted / total.clamp(min=1e-30)).float()
    return torch.where(total > 0, mean, synthetic.mean(0).cpu())


def _tensors(spectra):
    flux, ivar = np.asarray(spectra.flux), np.asarray(spectra.ivar)
    return torch.tensor(flux), torch.tensor(ivar)
