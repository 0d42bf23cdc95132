"""Library: what a server has loaded for all its sessions; read once, never changed."""

import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stellar_gui.collector import paused
from stellar_gui.constants import MODEL_TITLES
from stellar_gui.paths import sample_data
from stellar_gui.spectra import Spectra

if TYPE_CHECKING:
    from stellar_gui.fitting.cache import FitCache
    from stellar_gui.models.base import SpectralModel

MODEL_SUFFIX = ".safetensors"


class Library:
    """A survey, models by name, and the fits that sessions share.

    paths: at most one survey, further spectra and models, told apart by content and
    suffix; none: the sample survey and its models. Spectra are read at once, stored
    arrays excepted; of models what they say of themselves, and the rest when they are
    first asked for, because torch takes seconds to import. Raises as `io.read_spectra`
    and `io.model_header.read_model_header` do.
    """

    def __init__(self, paths: Iterable[str | Path] = ()):
        from stellar_gui.io import read_spectra
        from stellar_gui.io.model_header import read_model_header

        paths = [Path(path) for path in paths] or _sample_paths()
        self.model_paths = [p for p in paths if p.suffix == MODEL_SUFFIX]
        self.spectra_paths = [p for p in paths if p.suffix != MODEL_SUFFIX]
        self.spectra: list[Spectra] = [read_spectra(p) for p in self.spectra_paths]
        self.title = _title(self.spectra_paths)
        self.kinds: dict[str, str] = {}
        for path in self.model_paths:
            kind = read_model_header(path).get("kind", "")
            self.kinds[free_name(self.kinds, title_of(kind))] = kind
        self._lock = threading.Lock()
        self._models: dict[str, SpectralModel] | None = None
        self._fits: FitCache | None = None

    @property
    def models(self) -> "dict[str, SpectralModel]":
        """The models by name, loaded on first use. Raises as `load_model` does."""
        with self._lock:
            if self._models is None:
                named = zip(self.kinds, self.model_paths, strict=True)
                self._models = load_models(dict(named))
            return dict(self._models)

    @property
    def fits(self) -> "FitCache":
        """The cache of fits that all sessions share."""
        with self._lock:
            if self._fits is None:
                from stellar_gui.fitting.cache import FitCache

                self._fits = FitCache()
            return self._fits


def title_of(kind: str) -> str:
    """Return how a reader knows a kind of model."""
    return MODEL_TITLES.get(kind, kind)


def free_name(taken: Collection[str], title: str) -> str:
    """Return ``title``, with a number if it is taken.

    >>> free_name({"Cannon", "Cannon 2"}, "Cannon")
    'Cannon 3'
    """
    name, count = title, 1
    while name in taken:
        count += 1
        name = f"{title} {count}"
    return name


def free_ids(taken: Collection[str], ids: Iterable[str]) -> list[str]:
    """Return ids that differ from each other and from those taken.

    >>> free_ids({"sun"}, ["sun", "sun", "moon"])
    ['sun (2)', 'sun (3)', 'moon']
    """
    taken, free = set(taken), []
    for star_id in ids:
        unique, count = star_id, 1
        while unique in taken:
            count += 1
            unique = f"{star_id} ({count})"
        taken.add(unique)
        free.append(unique)
    return free


def load_models(paths: Mapping[str, Path]) -> "dict[str, SpectralModel]":
    """Return the models of files by name. Raises as `models.load_model` does."""
    with paused():  # torch takes seconds to import
        from stellar_gui.models import load_model

    return {name: load_model(path) for name, path in paths.items()}


def _sample_paths():
    """The observed stars and a model of each kind, in the order of their titles."""
    folder = sample_data()
    models = [folder / "models" / f"{kind}{MODEL_SUFFIX}" for kind in MODEL_TITLES]
    return [folder / "survey" / "observed.h5", *models]


def _title(paths):
    if not paths:
        return "no spectra"
    first = paths[0]
    return "Sample survey" if sample_data() in first.parents else first.stem


def example_files() -> list[tuple[str, Path]]:
    """Return titles and paths of the real spectra that ship."""
    folder = sample_data() / "apogee"
    return [(path.stem, path) for path in sorted(folder.glob("*.fits"))]
