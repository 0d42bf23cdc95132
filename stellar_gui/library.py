"""Library: what a server has loaded for all its sessions; read once, never changed."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

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
    arrays excepted; models when they are first asked for, because torch takes seconds
    to import. Raises as `io.read_spectra` does.
    """

    def __init__(self, paths: Iterable[str | Path] = ()):
        from stellar_gui.io import read_spectra

        paths = [Path(path) for path in paths] or _sample_paths()
        self.model_paths = [p for p in paths if p.suffix == MODEL_SUFFIX]
        self.spectra_paths = [p for p in paths if p.suffix != MODEL_SUFFIX]
        self.spectra: list[Spectra] = [read_spectra(p) for p in self.spectra_paths]
        self.title = _title(self.spectra_paths)
        self._lock = threading.Lock()
        self._models: dict[str, SpectralModel] | None = None
        self._fits: FitCache | None = None

    @property
    def models(self) -> "dict[str, SpectralModel]":
        """The models by name, loaded on first use. Raises as `load_model` does."""
        with self._lock:
            if self._models is None:
                from stellar_gui.models import load_model

                self._models = {}
                for path in self.model_paths:
                    add_named(self._models, load_model(path))
            return dict(self._models)

    @property
    def fits(self) -> "FitCache":
        """The cache of fits that all sessions share."""
        with self._lock:
            if self._fits is None:
                from stellar_gui.fitting.cache import FitCache

                self._fits = FitCache()
            return self._fits


def add_named(models: "dict[str, SpectralModel]", model, name=None) -> str:
    """Add a model under a name that says its kind and is not taken; return the name."""
    title = name or MODEL_TITLES.get(model.kind, model.kind)
    name, count = title, 1
    while name in models:
        count += 1
        name = f"{title} {count}"
    models[name] = model
    return name


def _sample_paths():
    folder = sample_data()
    models = sorted((folder / "models").glob(f"*{MODEL_SUFFIX}"))
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
