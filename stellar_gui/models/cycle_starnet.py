"""Cycle-StarNet: an emulator whose spectra are carried over to the observed domain.

O'Briain et al. (2021, ApJ 906, 130). Labels -> emulator -> transfer is one
differentiable `SpectralModel`; what only observations know, ``z_split``, is its
nuisance. Unpaired spectra set no zero points: labels found through this model are those
of the label distribution that its training assumed; see `CycleStarNet.shifted`.
Knows nothing of fits and training.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from stellar_gui.models.autoencoder import Autoencoders, Latents, build_autoencoders
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import (
    ErrorModel,
    LabelScaling,
    Network,
    Nuisance,
    checked_labels,
)
from stellar_gui.models.files import model_of
from stellar_gui.models.folded import Folded, KeptFold, fold
from stellar_gui.models.own_grid import check_own_grid
from stellar_gui.spectra import Spectra

LINKS = ("difference", "decode")
_ROWS = 16  # stars whose Jacobians are pushed forward together: bounded memory
_LARGE = 10_000  # numbers: smaller tensors are not worth narrowing
_AVERAGED = 300  # labels over which a mean is taken
_LEAST_SPREAD = 1e-3  # of a z_split that never varies


@dataclass(frozen=True, eq=False)
class CycleStarNet:
    """An emulator and the networks that make its spectra look observed.

    nuisance: ``z_split`` flattened, with the Gaussian of its values over observations;
    link: how a spectrum is carried over. "difference" adds decode_obs - decode_synth to
    the emulator's spectrum, so that the error of reconstruction cancels. This departs
    from the paper, whose "decode" loses the derivatives of single abundances.
    training_labels (n, n_labels): the label distribution that the training assumed;
    offsets (n_labels,): constants by which labels here exceed those of the emulator;
    provenance: free, of plain values. A nuisance of the emulator rests at its mean.

    Raises ValueError if the parts do not fit each other.
    """

    emulator: SpectralModel
    networks: Autoencoders
    nuisance: Nuisance
    training_labels: Tensor
    link: str = "difference"
    offsets: Tensor | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    kind = "cycle_starnet"

    def __post_init__(self):
        if self.link not in LINKS:
            raise ValueError(f"link is {self.link!r}, expected {' or '.join(LINKS)}")
        n_pixels, expected = len(self.emulator.wavelength), len(self.networks.typical)
        if n_pixels != expected:
            raise ValueError(
                f"the emulator gives {n_pixels} pixels, the networks expect {expected}"
                ". Train them on spectra of this emulator's grid."
            )
        n_split = self.networks.split_shape.numel()
        if len(self.nuisance.names) != n_split:
            raise ValueError(
                f"the nuisance has {len(self.nuisance.names)} names, expected "
                f"{n_split}: one for each number in z_split"
            )
        checked_labels(self.training_labels, self.label_names)
        if self.offsets is None:
            none = torch.zeros(len(self.label_names), dtype=torch.float64)
            object.__setattr__(self, "offsets", none)

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.emulator.label_names

    @property
    def label_units(self) -> tuple[str, ...]:
        return self.emulator.label_units

    @property
    def label_ranges(self) -> Tensor:
        """(n_labels, 2): those of the emulator, moved by the offsets."""
        ranges = self.emulator.label_ranges
        return ranges + self.offsets.to(ranges)[:, None]

    @property
    def wavelength(self) -> Tensor:
        return self.emulator.wavelength

    @property
    def medium(self) -> str:
        return self.emulator.medium

    @property
    def resolution(self) -> float | None:
        return self.emulator.resolution

    @property
    def flux_covariance(self) -> ErrorModel | None:
        """The emulator's: what the transfer errs by is unknown without the truth."""
        return self.emulator.flux_covariance

    @property
    def prior_labels(self) -> Tensor | None:
        """The emulator's training labels, moved by the offsets: a prior of fits.

        The assumed distribution would be none: it shapes the transfer already.
        """
        labels = self.emulator.training_labels
        return None if labels is None else labels + self.offsets.to(labels)

    @cached_property
    def scaling(self) -> LabelScaling:
        """The emulator's, moved by the offsets."""
        own = self.emulator.scaling
        return own._replace(
            centre=own.centre + own.matrix @ self.offsets.to(own.matrix)
        )

    def __call__(self, labels: Tensor, nuisance: Tensor | None = None) -> Tensor:
        """(n_stars, n_labels) in physical units -> flux (n_stars, n_pixels), float32.

        nuisance (n_stars, n_nuisance), or None for the mean of observations.
        Differentiable. Raises ValueError if the number of labels is another.
        """
        return self.transfer(self.emulator(self._emulated(labels)), nuisance)

    def transfer(self, flux_synth: Tensor, z_split: Tensor | None = None) -> Tensor:
        """Synthetic flux (n_stars, n_pixels) -> as it would be observed, same shape.

        z_split (n_stars, n_nuisance) or (n_nuisance,), or None for the mean.
        """
        z_split = self.nuisance.mean if z_split is None else z_split
        z_split = z_split.to(flux_synth).expand(len(flux_synth), -1)
        z_split = z_split.unflatten(1, self.networks.split_shape)
        latents = self.networks.encode(flux_synth, "synth")._replace(z_split=z_split)
        if self.link == "decode":
            return self.networks.decode(latents, "obs")
        return flux_synth + self.networks.difference(latents)

    def obs_to_synth(self, flux_obs: Tensor) -> Tensor:
        """Observed flux (n_stars, n_pixels) -> as the emulator would have it.

        Decoded, with either link, as in training: a difference would hand on the noise.
        """
        return self.networks.decode(self.networks.encode(flux_obs, "obs"), "synth")

    def encode(self, flux: Tensor, domain: str) -> Latents:
        """Latents of flux (n_stars, n_pixels) of the domain "synth" or "obs"."""
        return self.networks.encode(flux, domain)

    def jacobian(self, labels: Tensor, nuisance: Tensor | None = None) -> Tensor:
        """d flux / d (labels, nuisance), (n_stars, n_pixels, n_labels + n_nuisance).

        Per physical unit; the columns of the nuisance only if it is given. Analytic for
        dense networks; else the emulator's own Jacobian is pushed through the networks
        in forward mode, all directions of some stars at once.
        """
        emulated = self._emulated(labels)
        wanted = nuisance is not None
        if not wanted:
            nuisance = self.nuisance.mean.repeat(len(labels), 1)
        folded = self.folded()
        if folded is not None:
            return self._analytic(folded, emulated, nuisance.to(emulated), wanted)
        parts = zip(emulated.split(_ROWS), nuisance.split(_ROWS), strict=True)
        return torch.cat([self._pushed(*part, wanted) for part in parts])

    def _analytic(self, folded, labels, z_split, with_nuisance):
        scaling, n_labels = self.emulator.scaling, labels.shape[1]
        inputs = torch.cat([scaling.to_coordinates(labels), z_split], 1)
        inner = folded.hidden_jacobian(folded.hidden(inputs))
        scale = scaling.labels_per_coordinate.inverse().to(inner)
        along = scale.T @ inner[:, :n_labels]  # per physical unit
        if with_nuisance:
            along = torch.cat([along, inner[:, n_labels:]], 1)
        return folded.weight3 @ along.transpose(1, 2)

    def _pushed(self, labels, z_split, with_nuisance):
        flux = self.emulator(labels)
        z_split = z_split.to(flux)
        along_labels = self.emulator.jacobian(labels).movedim(2, 0)
        still = z_split.new_zeros(len(along_labels), *z_split.shape)
        tangents = along_labels, still  # (n_labels, n, n_pixels), (n_labels, n, k)
        if with_nuisance:
            k = z_split.shape[1]
            along_split = torch.eye(k).to(flux)[:, None].expand(k, len(flux), k)
            still_flux = flux.new_zeros(k, *flux.shape)
            tangents = (
                torch.cat([along_labels, still_flux]),
                torch.cat([still, along_split]),
            )

        def push(*direction):
            return torch.func.jvp(self.transfer, (flux, z_split), direction)[1]

        return torch.func.vmap(push)(*tangents).movedim(0, 2)

    def folded(self) -> Folded | None:
        """The model as one small network; None unless all of it is dense.

        Made once, and anew if a weight has changed since.
        """
        known = hasattr(self.emulator, "to_tensors")
        weights = list(self.to_tensors().values()) if known else None
        return self._kept_fold.of(weights, self._fold)

    def _fold(self):
        network = getattr(self.emulator, "linear_output", None)
        return None if network is None else fold(network, self.networks, self.link)

    @cached_property
    def _kept_fold(self) -> KeptFold:
        return KeptFold()

    def rough_network(self) -> Network | None:
        """The emulator's network with what the transfer adds on average.

        Where a fit may start. None if the emulator is no network.
        """
        network = getattr(self.emulator, "linear_output", None)
        if network is None:
            return None
        labels = self.training_labels[:_AVERAGED]
        with torch.no_grad():
            added = self(labels) - self.emulator(self._emulated(labels))
        return network.with_output(network.weight3, network.bias3 + added.mean(0))

    def own_nuisance(self, spectra: Spectra) -> Tensor:
        """``z_split`` of observed stars from their own spectra, (n_stars, n_nuisance).

        At rest, on the model's grid. Raises ValueError for another grid or medium, and
        for flux that is not normalised.
        """
        check_own_grid(self, spectra)
        return self.split_of(torch.tensor(spectra.flux), torch.tensor(spectra.ivar))

    def split_of(self, flux: Tensor, ivar: Tensor) -> Tensor:
        """As `own_nuisance`, of flux and ivar (n_stars, n_pixels).

        A typical spectrum stands where ivar is 0.
        """
        like = self.networks.typical
        flux = self.networks.filled(flux.to(like), ivar.to(like.device) > 0)
        with torch.no_grad():
            return self.encode(flux, "obs").z_split.flatten(1)

    def with_link(self, link: str) -> "CycleStarNet":
        """The same networks, used with another link."""
        return replace(self, link=link)

    def shifted(self, offsets: dict[str, float]) -> "CycleStarNet":
        """The same spectra under labels shifted by constants: T_d(y) = T(y - d).

        Every score that needs no true labels stays as it is, and fitted labels follow
        by d: the zero points of a transfer are those of its assumed labels. Raises
        ValueError for a label that the model does not have.
        """
        if unknown := set(offsets) - set(self.label_names):
            raise ValueError(
                f"no label {', '.join(sorted(unknown))} in this model, expected some "
                f"of {', '.join(self.label_names)}"
            )
        moved = self.offsets.new_tensor([offsets.get(n, 0.0) for n in self.label_names])
        return replace(
            self,
            offsets=self.offsets + moved,
            training_labels=self.training_labels + moved.to(self.training_labels),
        )

    def to(self, device: str | torch.device) -> "CycleStarNet":
        """Return the model with all its tensors on ``device``."""
        tensors = {name: t.to(device) for name, t in self.to_tensors().items()}
        return self.from_tensors(tensors, self.header())

    def header(self) -> dict[str, Any]:
        """What a file says of the model beside its tensors, in plain values."""
        return {
            "kind": self.kind,
            "label_names": list(self.label_names),
            "label_units": list(self.label_units),
            "label_ranges": self.label_ranges.tolist(),
            "wavelength_range": [float(self.wavelength[0]), float(self.wavelength[-1])],
            "wavelength_unit": "Angstrom",
            "medium": self.medium,
            "resolution": self.resolution,
            "normalisation": "continuum",
            "link": self.link,
            "nuisance_names": list(self.nuisance.names),
            "networks": self.networks.config,
            "emulator": self.emulator.header(),
            "provenance": self.provenance,
        }

    def to_tensors(self) -> dict[str, Tensor]:
        """All numbers of the model, by name; those of its parts behind a prefix."""
        tensors = {
            "nuisance_mean": self.nuisance.mean,
            "nuisance_sigma": self.nuisance.sigma,
            "training_labels": self.training_labels,
            "offsets": self.offsets,
        }
        tensors |= {f"emulator.{k}": v for k, v in self.emulator.to_tensors().items()}
        # the tensors themselves: who watches them for changes must find the same
        weights = self.networks.state_dict(keep_vars=True)
        return tensors | {f"networks.{k}": v for k, v in weights.items()}

    @property
    def narrow_tensors(self) -> dict[str, tuple[str, ...]]:
        """Which tensors `models.save_model` may store with 16 and with 8 bits.

        ``save_model(model, path, **model.narrow_tensors)`` makes a file less than half
        as large, with flux within 2e-4.
        """
        wide = {
            name: tensor
            for name, tensor in self.to_tensors().items()
            if tensor.dtype == torch.float32 and tensor.numel() > _LARGE
        }
        # a spectrum's first layer averages over the pixels, rounding errors too
        byte = [f"networks.encoder_{domain}.0.weight" for domain in ("synth", "obs")]
        byte = [name for name in byte if name in wide and wide[name].ndim == 2]
        half = tuple(name for name in wide if name not in byte)
        return {"half": half, "byte": tuple(byte)}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], header: dict) -> "CycleStarNet":
        """Build the model from `to_tensors` and `header`; 16-bit tensors are widened.

        Raises KeyError if a tensor or an entry is missing.
        """
        part = lambda prefix: {  # noqa: E731
            k.removeprefix(prefix): v
            for k, v in tensors.items()
            if k.startswith(prefix)
        }
        networks = build_autoencoders(header["networks"])
        weights = {name: part("networks.")[name] for name in networks.state_dict()}
        weights = {
            k: v.float() if v.dtype == torch.half else v for k, v in weights.items()
        }
        networks.load_state_dict(weights, assign=True)
        return cls(
            emulator=model_of(part("emulator."), header["emulator"]),
            networks=networks.requires_grad_(False).eval(),
            nuisance=Nuisance(
                tuple(header["nuisance_names"]),
                tensors["nuisance_mean"],
                tensors["nuisance_sigma"],
            ),
            training_labels=tensors["training_labels"],
            link=header["link"],
            offsets=tensors["offsets"],
            provenance=header["provenance"],
        )

    def _emulated(self, labels):
        """Labels as the emulator has them, (n_stars, n_labels) float64."""
        labels = checked_labels(labels, self.label_names).double()
        return labels - self.offsets.to(labels)


def split_prior(z_split: Tensor) -> Nuisance:
    """Gaussian prior of ``z_split`` from those of many observations.

    z_split (n_stars, n_split, ...), as the encoder gives it. A dimension that never
    varies keeps a little freedom.
    """
    values = z_split.detach().flatten(1).float()
    names = tuple(f"z_split_{k}" for k in range(1, values.shape[1] + 1))
    sigma = values.std(0).clamp(min=_LEAST_SPREAD)
    return Nuisance(names, values.mean(0), sigma)
