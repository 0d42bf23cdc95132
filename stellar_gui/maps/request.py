"""What maps are asked for: a transferred model, observed stars, settings."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from stellar_gui.fitting.cache import model_fingerprint, star_fingerprint
from stellar_gui.maps.map import fingerprint_of
from stellar_gui.maps.settings import MapSettings
from stellar_gui.maps.spaces import DomainSets, domain_sets, map_rows
from stellar_gui.spectra import Spectra

_VERSION = 1  # of what is computed: change it, and maps are computed anew
_CHOOSING = ("stars", "n_stars", "seed")


@dataclass(frozen=True, eq=False)
class MapRequest:
    """A transferred model, the survey that stars are chosen from, and settings.

    The properties take up to two seconds when first asked for: ask in the background.
    """

    model: object
    survey: Spectra
    settings: MapSettings

    @cached_property
    def stars(self) -> Spectra:
        """The observed stars that the settings choose."""
        return self.survey[map_rows(self.survey, self.settings)]

    @cached_property
    def source(self) -> str:
        """Hash of the model and of all pixels of the stars."""
        digest = hashlib.blake2b(digest_size=16)
        parts = model_fingerprint(self.model), star_fingerprint(self.stars)
        digest.update("\n".join([str(_VERSION), *parts, *self.stars.ids]).encode())
        return digest.hexdigest()

    @property
    def fingerprint(self) -> str:
        """What the maps are kept under."""
        return fingerprint_of(self.source, self.settings)

    @cached_property
    def sets(self) -> DomainSets:
        """The stars of both domains in all spaces. Raises as `domain_sets`."""
        return domain_sets(self.model, self.stars, self.settings)

    def changed(self, settings: MapSettings) -> "MapRequest":
        """The same with other settings; stars are kept where those choose the same."""
        other = MapRequest(self.model, self.survey, settings)
        if all(getattr(settings, n) == getattr(self.settings, n) for n in _CHOOSING):
            for name in ("stars", "source", "sets"):
                if name in self.__dict__:
                    other.__dict__[name] = self.__dict__[name]
        return other
