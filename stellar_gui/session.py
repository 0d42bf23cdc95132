"""Session: the data and models that one browser session has loaded, and their fits.

No Panel here. The survey, its models and the cache of fits are shared by all sessions
of a server and never changed; what a user opens belongs to one session alone.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stellar_gui.ahead import Ahead
from stellar_gui.analysis.star_table import nearest_star, star_columns
from stellar_gui.contents import Contents, read_contents
from stellar_gui.fitting.outcome import fit_outcome, is_slow, moved, single
from stellar_gui.io.model_header import read_model_header
from stellar_gui.library import Library, free_ids, free_name, load_models, title_of
from stellar_gui.spectra import Spectra
from stellar_gui.summaries import Summaries, Summary

if TYPE_CHECKING:
    from stellar_gui.fitting import FitResult
    from stellar_gui.fitting.cache import FitCache
    from stellar_gui.models.base import SpectralModel

_KEPT_STARS = 400  # spectra of single stars kept in memory


class Session:
    """Spectra, models and fits of one browser session.

    >>> spectra = Spectra([5000.0, 5001.0], [[1.0, 0.9]], [[9.0, 9.0]], ids=["sun"])
    >>> session = Session(spectra)
    >>> session.ids, session.star("sun").n_pixels
    (['sun'], 2)
    """

    def __init__(
        self,
        survey: Spectra | None = None,
        models: Mapping[str, "SpectralModel"] | None = None,
        fits: "FitCache | None" = None,
        library: Library | None = None,
        files: Mapping[str, Path] | None = None,
    ):
        """library: what all share; files: of further models; loaded when needed."""
        self._sets: list[Spectra] = []
        self._where: dict[str, tuple[int, int]] = {}
        self._stars: dict[str, Spectra] = {}
        self._summaries = Summaries()
        self._fits = fits
        self._fingerprints: dict[str, str] = {}
        self._columns: dict[str, np.ndarray] | None = None
        self._lock = threading.Lock()
        self._fitting = threading.Lock()
        self._ahead = Ahead(self)
        self._models: dict[str, SpectralModel] = {}
        self._library: Library | None = None
        self._files, self._adopted = dict(files or {}), set(files or ())
        self._fault: str | None = None
        self._shifted: dict[str, SpectralModel] = {}
        self.offsets: dict[str, dict[str, float]] = {}
        self.kinds: dict[str, str] = {}
        self.order: list[str] = []
        for spectra in library.spectra if library else []:
            self.add_spectra(spectra)
        if survey is not None:
            self.add_spectra(survey)
        if library is not None:
            self._library, self.kinds = library, dict(library.kinds)
            for name, path in self._files.items():
                self.kinds[name] = read_model_header(path)["kind"]
        for name, model in (models or {}).items():
            self.add_model(model, name)

    # ---- what is loaded

    @property
    def ids(self) -> list[str]:
        """Ids of all stars, the survey's first."""
        return list(self._where)

    @property
    def stars(self) -> Mapping[str, tuple[int, int]]:
        """Id -> (set, row): what exists, for looking up."""
        return self._where

    def add_spectra(self, spectra: Spectra) -> list[str]:
        """Add the stars of ``spectra``; return their ids, changed where taken."""
        ids = free_ids(self._where, spectra.ids.tolist())
        index = len(self._sets)
        self._sets.append(spectra)
        self._summaries.add_set(len(spectra))
        self._where.update({star_id: (index, row) for row, star_id in enumerate(ids)})
        self.order = [*self.order, *ids]
        return ids

    def add_model(self, model: "SpectralModel", name: str | None = None) -> str:
        """Add a model; return its name, which says its kind and is not taken."""
        name = free_name(self.kinds, name or title_of(model.kind))
        self.kinds = self.kinds | {name: model.kind}
        self._take(name, model)
        return name

    def adopt(self, model: "SpectralModel", run: str) -> str:
        """Add the model of a training run; return its name, which is that of the run.

        An earlier model of the run makes room for it.
        """
        if run not in self._adopted:
            run = free_name(self.kinds, run)
        self._adopted.add(run)
        self.kinds = self.kinds | {run: model.kind}
        self._take(run, model)
        return run

    def origin(self, name: str) -> str | None:
        """Return which training run an adopted model comes from; None for others."""
        if name not in self._adopted:
            return None
        run = self.models[name].provenance["run"]
        return f"{name} is the model of the run {run['name']} at step {run['step']:,}"

    def _take(self, name, model):
        from stellar_gui.fitting.cache import model_fingerprint

        self._fingerprints[name] = model_fingerprint(model)
        self._summaries.add_model(name)
        # last: the background fits with what it finds here
        self._models = self._models | {name: model}

    @property
    def models(self) -> "dict[str, SpectralModel]":
        """The models by name; the first to ask waits until the library has them.

        Raises ValueError or OSError if one cannot be loaded.
        """
        library = self._library
        if library is not None:
            try:
                models = library.models | load_models(self._files)
            except (ValueError, OSError) as error:
                self._fault = f"the models could not be loaded: {error}"
                raise
            with self._lock:
                if not self.loaded:
                    for name, model in models.items():
                        self._take(name, model)
                    self._library = None
        return self._models

    @property
    def loaded(self) -> bool:
        """Whether `models` can be had without waiting."""
        return self._library is None

    def read(self, path: str | Path) -> Contents:
        """Read a file and make it ready for the loaded models, changing nothing.

        May be called from any thread. Raises ValueError or OSError with a sentence.
        """
        return read_contents(path, self.models.values())

    def add(self, contents: Contents) -> tuple[list[str], list[str]]:
        """Add what `read` returned; return the new star ids and notes.

        The notes say what was done to spectra; a model adds no stars.
        """
        if contents.model is not None:
            return [], [f"loaded the model {self.add_model(contents.model)}"]
        return self.add_spectra(contents.spectra), list(contents.notes)

    def open_file(self, path: str | Path) -> tuple[list[str], list[str]]:
        """`read` a file and `add` it; where it cannot be read nothing has changed."""
        return self.add(self.read(path))

    # ---- stars

    def star(self, star_id: str) -> Spectra:
        """Return a container of one star. Raises KeyError if there is none."""
        star = self._stars.get(star_id)
        if star is None:
            if star_id not in self._where:
                raise KeyError(f"no star {star_id!r} among {len(self._where)} stars")
            index, row = self._where[star_id]
            star = self._sets[index][row]
            self._keep(star_id, star)
        return star

    def _keep(self, star_id, star):
        with self._lock:
            self._stars[star_id] = star
            while len(self._stars) > _KEPT_STARS:
                del self._stars[next(iter(self._stars))]

    def set_of(self, star_id: str) -> Spectra:
        """Return the whole set that a star belongs to, stored arrays unread."""
        return self._sets[self._where[star_id][0]]

    def row_of(self, star_id: str) -> int:
        """Return the place of a star in `ids` and `columns`."""
        index, row = self._where[star_id]
        return sum(len(part) for part in self._sets[:index]) + row

    def position(self, star_id: str) -> int:
        """Place of a star in the order of the star list, from 0; -1 if filtered out."""
        try:
            return self.order.index(star_id)
        except ValueError:
            return -1

    def step(self, star_id: str, by: int) -> str:
        """Return the star ``by`` places on in the star list, stopping at its ends."""
        if not self.order:
            return star_id
        place = self.position(star_id)
        place = 0 if place < 0 else min(max(place + by, 0), len(self.order) - 1)
        return self.order[place]

    def columns(self) -> dict[str, np.ndarray]:
        """Return what is known of all stars, (n_stars,) each, in the order of `ids`.

        ``snr`` and every label; NaN where unknown.
        """
        if self._columns is None or len(self._columns["snr"]) != len(self._where):
            self._columns = star_columns(self._sets)
        return self._columns

    def chi2(self, name: str) -> np.ndarray:
        """Reduced chi² of the fits made so far, (n_stars,) as `ids`; NaN if not yet."""
        return self._summaries.chi2(name)

    @property
    def flagged(self) -> np.ndarray:
        """Which stars have a flag on a fit made so far, bool (n_stars,) as `ids`."""
        return self._summaries.flagged()

    def nearest(
        self, position: Mapping[str, float], spans: Mapping[str, float]
    ) -> str | None:
        """Return the star of the list whose reference labels are nearest.

        position and spans: value and length of the axis, by label name. None if no
        star of the list lies within a twentieth of the axes.
        """
        listed = None
        if len(self.order) < len(self._where):
            listed = np.isin(np.array(self.ids), np.array(self.order))
        row = nearest_star(self.columns(), position, spans, listed)
        return None if row is None else self.ids[row]

    # ---- fits

    def fit(self, name: str, star_id: str) -> "FitResult | None":
        """Return the fit of one star by the loaded model ``name``; None if it has none.

        The fit is of the star's pixels and the model's weights as they are now: what is
        kept from before is found by the content of both.
        """
        return self._outcome(name, star_id).result if self._fault is None else None

    def missing(self, name: str, star_id: str) -> str | None:
        """Return the sentence that says why there is no fit; None if one is awaited."""
        if self._fault is not None:
            return self._fault
        if self._is_awaited(name, star_id):
            return None
        return self._outcome(name, star_id).sentence

    def fits_of(self, star_id: str, names: Iterable[str]) -> "dict[str, FitResult]":
        """Return the fits of one star by name, as far as they can be had at once.

        Those that are `awaited` are left out; `settle` makes them. Labels follow what
        `shift` was told.
        """
        here = [name for name in names if not self._is_awaited(name, star_id)]
        fits = {name: self.fit(name, star_id) for name in here}
        return {
            name: moved(fit, self.offsets.get(name, {}))
            for name, fit in fits.items()
            if fit is not None
        }

    def shift(self, name: str, offsets: Mapping[str, float]) -> None:
        """Show a model as `CycleStarNet.shifted`: its labels are moved by constants.

        Its spectra are the same, so that fits need not be made again. Without offsets
        it is as it was trained. Raises ValueError for a label that it does not have.
        """
        offsets = {label: by for label, by in offsets.items() if by}
        self._shifted[name] = self.models[name].shifted(offsets)
        self.offsets = self.offsets | {name: offsets}

    def shown_model(self, name: str) -> "SpectralModel":
        """Return a model as it is shown, `shift` included."""
        return self._shifted.get(name, self.models[name])

    def awaited(self, star_id: str) -> list[str]:
        """Names of the models whose fit of a star would keep the reader waiting."""
        return [name for name in self.kinds if self._is_awaited(name, star_id)]

    def _is_awaited(self, name, star_id):
        if not self.loaded:
            return self._fault is None
        return is_slow(self.models[name]) and not self.has_fit(name, star_id)

    def settle(
        self,
        star_id: str,
        wanted: Callable[[], bool] = lambda: True,
        *,
        slow: bool = True,
    ) -> str:
        """Make the fits of a star that are awaited, in any thread; return its id.

        ``wanted`` is asked before each: nobody may look at the star any more. slow:
        also those by models that take long.
        """
        for name, model in self.models.items():
            if wanted() and (slow or not is_slow(model)):
                self.fit(name, star_id)
        return star_id

    def summary(self, name: str, star_id: str) -> Summary | None:
        """Return reduced chi² and flags of a fit made before; None if not made yet."""
        return self._summaries.get(name, self._where[star_id])

    @property
    def n_summaries(self) -> int:
        """How many fits the session knows of; grows while the background works."""
        return len(self._summaries)

    @property
    def fits(self) -> "FitCache":
        if self._fits is None:
            from stellar_gui.fitting.cache import FitCache

            self._fits = FitCache()
        return self._fits

    def _key(self, name, star):
        from stellar_gui.fitting.cache import star_fingerprint

        return f"{self._fingerprints[name]}:{star_fingerprint(star)}"

    def _outcome(self, name, star_id):
        star = self.star(star_id)
        key = self._key(name, star)
        outcome = self.fits.get(key)
        if outcome is None:
            model = self.models[name]
            # the background and `settle` need not both make a slow one
            with self._fitting if is_slow(model) else nullcontext():
                outcome = self.fits.get(key) or fit_outcome(model, star)
                self.fits.put(key, outcome)
        self._note(name, star_id, outcome)
        return outcome

    def _note(self, name, star_id, outcome):
        result, summary = outcome.result, Summary(float("nan"), 0)
        if result is not None:
            summary = Summary(float(result.reduced_chi2[0]), int(result.flags[0]))
        self._summaries.note(name, self._where[star_id], summary)

    # ---- work ahead

    def prefetch(self, star_id: str) -> None:
        """Make the neighbours of a star ready in the background, then the survey."""
        self._ahead.prefetch(star_id)

    def close(self) -> None:
        """Stop the background work; what is being computed is finished first."""
        self._ahead.close()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the background has nothing left to do."""
        self._ahead.wait(timeout)

    @property
    def room(self) -> int:
        """Stars of which the cache holds the fits of all models."""
        n_pixels = max((part.n_pixels for part in self._sets), default=1)
        return self.fits.capacity(n_pixels) // max(len(self.models), 1)

    def has_fit(self, name: str, star_id: str) -> bool:
        """Whether what came of fitting a star is known."""
        return self.fits.get(self._key(name, self.star(star_id))) is not None

    def fit_together(self, name: str, ids: list[str]) -> None:
        """Fit stars of one set in one go, and remember what came of it."""
        rows = np.array([self._where[star_id][1] for star_id in ids])
        stars = self.set_of(ids[0])[rows]
        keys = [self._key(name, stars[i]) for i in range(len(stars))]
        with self.fits.background:
            outcomes = [self.fits.get(key) for key in keys]
            todo = [i for i, outcome in enumerate(outcomes) if outcome is None]
            if todo:
                fitted = fit_outcome(self.models[name], stars[np.array(todo)])
                for place, i in enumerate(todo):
                    outcomes[i] = single(fitted, place)
                    self.fits.put(keys[i], outcomes[i])
        for star_id, outcome in zip(ids, outcomes, strict=True):
            self._note(name, star_id, outcome)
