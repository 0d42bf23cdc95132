"""The stars of both domains, and where each stands in the three spaces.

The synthetic stars are drawn from the labels that the transfer assumed in training:
none is the pair of an observed one, and no truth is read.
"""

from dataclasses import dataclass

import numpy as np
import torch

from stellar_gui.analysis.augmentation import Augmentation, augmented, beside
from stellar_gui.analysis.domains import draw_domains
from stellar_gui.analysis.latents import filled, latents
from stellar_gui.maps.map import LeftOut
from stellar_gui.maps.settings import MapSettings
from stellar_gui.models.own_grid import check_own_grid
from stellar_gui.spectra import Spectra


@dataclass(frozen=True, eq=False)
class DomainSets:
    """n_synth synthetic and n_obs observed stars: spectra and latents, float32.

    As many synthetic as observed ones, or as the model has assumed labels.
    ``synth_labels`` are those that the synthetic spectra are made with.
    """

    wavelength: np.ndarray  # (n_pixels,)
    synth_ids: np.ndarray  # (n_synth,) "synth-1", ...
    star_ids: np.ndarray  # (n_obs,) of the observed stars
    synth_labels: np.ndarray  # (n_synth, n_labels)
    label_names: tuple[str, ...]
    synthetic: np.ndarray  # (n_synth, n_pixels), noise-free
    noisy: np.ndarray  # (n_synth, n_pixels), as if observed
    transferred: np.ndarray  # (n_synth, n_pixels)
    observed: np.ndarray  # (n_obs, n_pixels), a typical value in bad pixels
    good: np.ndarray  # (n_obs, n_pixels) bool
    z_synth: np.ndarray  # (n_synth, n_z)
    z_obs: np.ndarray  # (n_obs, n_z)
    left_out: tuple[LeftOut, ...] = ()

    @property
    def ids(self) -> np.ndarray:
        """(n_synth + n_obs,) of all points of a map, the synthetic first."""
        return np.concatenate([self.synth_ids, self.star_ids])

    @property
    def domain(self) -> np.ndarray:
        """(n_synth + n_obs,) "synth" or "obs", as `ids`."""
        return np.repeat(["synth", "obs"], [len(self.synth_ids), len(self.star_ids)])

    def pair(
        self, space: str, augmentation: Augmentation | None = None, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (n_synth, ...) and (n_obs, ...), the points of a space.

        augmentation: what synthetic spectra get instead of noise and bad pixels of
        observed stars; latents and transferred spectra get none.
        """
        if space == "latents":
            return self.z_synth, self.z_obs
        if space == "transferred":
            return self.transferred, self.observed
        if augmentation is None:
            return self.noisy, self.observed
        return (
            augmented(self.synthetic, self.wavelength, augmentation, seed),
            beside(self.observed, self.good, self.wavelength, augmentation),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that say what the points are, and what was done to them."""
        n_filled, n_obs = int((~self.good).sum()), len(self.star_ids)
        some = f"{n_obs} observed star{'' if n_obs == 1 else 's'}"
        notes = [
            f"{some} beside {len(self.synth_ids)} synthetic ones, whose "
            "labels are drawn from those that the training assumed; none is a pair.",
            "Synthetic spectra have noise and bad pixels of observed stars, and "
            "transferred ones their z_split; latents are of noise-free ones.",
            f"{n_filled} bad pixels of observed spectra "
            f"({n_filled / self.good.size:.1%}) stand at a typical value.",
        ]
        if self.left_out:
            n_out = len(self.left_out)
            notes.append(f"{n_out} star{' is' if n_out == 1 else 's are'} on no map.")
        return tuple(notes)


def map_rows(spectra: Spectra, settings: MapSettings) -> np.ndarray:
    """Return the rows of the stars that the settings choose, increasing.

    Of a survey that says nothing of a split, all stars count as unseen.
    """
    rows = np.arange(len(spectra))
    split = spectra.star_data.get("split")
    if settings.stars == "test" and split is not None:
        rows = rows[np.asarray(split) == "test"]
    if len(rows) > settings.n_stars:
        rng = np.random.default_rng(settings.seed)
        rows = np.sort(rng.choice(rows, settings.n_stars, replace=False))
    return rows


def domain_sets(model, spectra: Spectra, settings: MapSettings) -> DomainSets:
    """Make the sets of a transferred model and observed stars, all of ``spectra``.

    Raises ValueError if the spectra are not on the model's pixels, or no star is left.
    """
    check_own_grid(model, spectra)
    usable, left_out = _usable(model, spectra)
    spectra = spectra[np.flatnonzero(usable)]
    if not len(spectra):
        raise ValueError(
            f"none of {len(usable)} stars can be mapped: {left_out[0].reason}. Choose "
            "stars with good pixels."
        )
    drawn = draw_domains(model, spectra, seed=settings.seed)
    observed = filled(model, spectra)
    synth = torch.tensor(drawn.synth, dtype=torch.float32)
    return DomainSets(
        wavelength=np.asarray(spectra.wavelength),
        synth_ids=np.array([f"synth-{k + 1}" for k in range(len(drawn.labels))]),
        star_ids=spectra.ids,
        synth_labels=drawn.labels,
        label_names=tuple(model.label_names),
        synthetic=drawn.synth.astype(np.float32),
        noisy=drawn.noisy.astype(np.float32),
        transferred=drawn.carried.astype(np.float32),
        observed=observed.numpy(force=True),
        good=spectra.good,
        z_synth=latents(model, synth, "synth").astype(np.float32),
        z_obs=latents(model, observed, "obs").astype(np.float32),
        left_out=tuple(left_out),
    )


def _usable(model, spectra):
    """Which stars can be encoded, bool (n_stars,), and why the others cannot."""
    seen = spectra.good.any(axis=1)
    encoded = latents(model, filled(model, spectra), "obs")
    finite = np.isfinite(encoded).all(axis=1)
    left_out = [
        LeftOut(
            str(star), "no good pixel" if not good else "its latents are no numbers"
        )
        for star, good, known in zip(spectra.ids, seen, finite, strict=True)
        if not (good and known)
    ]
    return seen & finite, left_out


def star_points(model, spectra: Spectra, space: str) -> np.ndarray:
    """Return where observed stars stand in a space, to be placed on its map.

    (n_stars, ...), as `DomainSets.points`. Raises ValueError if the spectra are not on
    the model's pixels, or a star has no good pixel.
    """
    check_own_grid(model, spectra)
    if not spectra.good.any(axis=1).all():
        raise ValueError(
            "a star has no good pixel, expected some: it cannot be placed on a map"
        )
    flux = filled(model, spectra)
    return latents(model, flux, "obs") if space == "latents" else flux.numpy(force=True)
