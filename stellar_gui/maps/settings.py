"""What a map depends on beside its data: stored with the map, shown beside it."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from stellar_gui.analysis.augmentation import Augmentation

SPACES = ("raw", "latents", "transferred")
"""Physics beside observations; z_shared of both; carried over beside observations."""

METHODS = ("tsne", "pca")
STARS = ("test", "all")
_AT_LEAST = {
    "perplexity": 1,
    "early_exaggeration": 1,
    "early_iterations": 0,
    "iterations": 1,
    "n_components": 2,
    "n_stars": 25,
    "seed": 0,
}


@dataclass(frozen=True)
class MapSettings:
    """How stars are chosen and laid out. Raises ValueError for what cannot be.

    method: "tsne" (van der Maaten & Hinton 2008, as openTSNE has it, begun at the
    principal components) or "pca", the two leading principal components alone;
    learning_rate: "auto" is the number of points over the exaggeration (Belkina et
    al. 2019); n_components: principal components of spectra that distances are taken
    in; stars: "test" for those alone that no training has seen, where the survey says
    which, or "all"; n_stars: of more, so many are drawn; augmentation: None for noise
    and bad pixels of the observed stars in synthetic spectra, else what those get
    instead, on a map of spectra before the transfer alone.

    >>> MapSettings(perplexity=45).to_plain()["perplexity"]
    45.0
    """

    method: str = "tsne"
    perplexity: float = 30.0
    learning_rate: float | str = "auto"
    early_exaggeration: float = 12.0
    early_iterations: int = 250
    iterations: int = 500
    n_components: int = 15
    stars: str = "test"
    n_stars: int = 1800
    seed: int = 1
    augmentation: Augmentation | None = None

    def __post_init__(self):
        for name, known in (("method", METHODS), ("stars", STARS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, expected {' or '.join(known)}"
                )
        for name, least in _AT_LEAST.items():
            value = getattr(self, name)
            if not (isinstance(value, int | float) and least <= value < math.inf):
                raise ValueError(
                    f"{name} is {value!r}, expected a number of {least} or more"
                )
            # 30 and 30.0 are one setting, and one name of the maps
            of = type(getattr(type(self), name))
            if of(value) == value:
                object.__setattr__(self, name, of(value))
        rate = self.learning_rate
        if rate != "auto" and not (isinstance(rate, int | float) and rate > 0):
            raise ValueError(
                f"learning_rate is {rate!r}, expected 'auto' or a number above 0"
            )
        if rate != "auto":
            object.__setattr__(self, "learning_rate", float(rate))

    @property
    def total_iterations(self) -> int:
        """How many iterations a map takes; a PCA takes one."""
        if self.method == "pca":
            return 1
        return self.early_iterations + self.iterations

    @property
    def spaces(self) -> tuple[str, ...]:
        """The spaces that maps are made of."""
        return SPACES if self.augmentation is None else SPACES[:1]

    def perplexity_of(self, n_points: int) -> float:
        """The perplexity that a map of so many points has: few take no more."""
        return min(self.perplexity, (n_points - 1) / 3)

    def words(self, n_points: int) -> str:
        """Say in one line how a map of so many points is made.

        >>> MapSettings().words(1200)
        't-SNE · perplexity 30 · learning rate auto · 750 iterations · seed 1'
        >>> MapSettings().words(40).split(" · ")[1]
        'perplexity 13 (of 30: few points)'
        """
        if self.method == "pca":
            return "PCA · components 1 and 2"
        return (
            f"t-SNE · {self.perplexity_words(n_points)} · learning rate "
            f"{self.learning_rate} · {self.total_iterations} iterations · "
            f"seed {self.seed}"
        )

    def perplexity_words(self, n_points: int) -> str:
        """Say the perplexity of a map of so many points, and where it is less."""
        taken = self.perplexity_of(n_points)
        less = f" (of {self.perplexity:g}: few points)"
        return f"perplexity {taken:.3g}{less if taken < self.perplexity else ''}"

    def to_plain(self) -> dict[str, Any]:
        """Return them in values that JSON has."""
        augmentation = self.augmentation and self.augmentation.to_plain()
        return {**dataclasses.asdict(self), "augmentation": augmentation}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "MapSettings":
        """The inverse of `to_plain`. Raises ValueError for an unknown setting."""
        unknown = set(plain) - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise ValueError(
                f"a map has no setting {', '.join(sorted(unknown))}; expected some of "
                f"{', '.join(field.name for field in dataclasses.fields(cls))}"
            )
        augmentation = plain.get("augmentation")
        if augmentation is not None:
            plain = {**plain, "augmentation": Augmentation(**augmentation)}
        return cls(**plain)
