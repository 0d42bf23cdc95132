"""Where the maps come from: kept ones, a PCA at once, a t-SNE made in a process.

Everything that reads, computes or starts happens in the background; `changed` is called
when there is something else to show. Imports of the maps wait until then: torch takes
seconds.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stellar_gui.jobs import Job, Progress
from stellar_gui.session import Session
from stellar_gui.views.leaving import when_left
from stellar_gui.views.work import in_background

if TYPE_CHECKING:
    from stellar_gui.analysis.augmentation import Augmentation
    from stellar_gui.maps.map import DomainMaps
    from stellar_gui.maps.points import MapPoints
    from stellar_gui.maps.request import MapRequest
    from stellar_gui.maps.settings import MapSettings
    from stellar_gui.marks import Mark

KIND = "cycle_starnet"
_EXPECTED = ValueError, OSError  # what a sentence is enough for


@dataclass
class Shown:
    """Maps as they are shown: of which request, whose spectra, under which name."""

    request: "MapRequest"
    maps: "DomainMaps"
    points: "MapPoints"
    model_name: str


class _Found(NamedTuple):
    """Maps, the mark that keeps them, and the job of better ones, where there are."""

    shown: Shown
    mark: "Mark | None"
    job: Job | None


class MapSource:
    """The maps of a session's survey by one of its transferred models."""

    def __init__(self, session: Session, changed: Callable[[], None]):
        self._session, self._changed = session, changed
        self.shown: Shown | None = None
        self.problem = ""  # why there are no maps
        self.refusal = ""  # why the settings asked for last were not taken
        self.waiting = True  # for maps that are being read or made at once
        self.job: Job | None = None
        self.ready = False  # the job has finished; its maps can be shown
        self.stopped = ""  # what is said of a job that the user stopped
        self._wanted: tuple[MapRequest, str] | None = None
        self._mark: Mark | None = None
        self._asked = 0
        self._placing = threading.Lock()  # one star after another
        when_left(self.leave)

    def ask(
        self, model_name: str, settings: "MapSettings", drawn: Collection[str] = ()
    ) -> None:
        """Show the maps of these settings as soon as they are there, a PCA until then.

        drawn: ids of maps that lassos were drawn on, which are shown if they are known.
        """
        self._asked += 1
        self.waiting, self.refusal, self.stopped = True, "", ""
        work = partial(
            _find, self._session, model_name, settings, set(drawn), self.shown
        )
        in_background(work, partial(self._found, self._asked))
        self._changed()

    def _found(self, asked, result):
        if asked != self._asked:
            if isinstance(result, _Found) and result.job is not None:
                result.job.stop()  # others are wanted by now
            return
        self.waiting = False
        if isinstance(result, Exception):
            text = str(result)
            if self.shown is None:
                self.problem = text
            else:
                self.refusal = text
        else:
            self.leave()
            self.shown, self._mark, self.job = result
            wanted = self.shown.request, self.shown.model_name
            self._wanted = wanted if self.job else None
            self.problem, self.ready = "", False
        self._changed()
        if isinstance(result, Exception) and not isinstance(result, _EXPECTED):
            raise result

    # ---- the job

    @property
    def progress(self) -> Progress | None:
        """How far the job is; None if none runs."""
        if self.job is None or self.ready or self.job.state != "running":
            return None
        return self.job.progress

    def look(self) -> bool:
        """Look at the job; return whether something has changed."""
        if self.job is None or self.ready:
            return False
        state = self.job.state
        if state == "finished":
            self.ready = True
        elif state == "failed":
            self.refusal = f"the map was not made: {self.job.error}"
            self._wanted = None
            self._leave_job()
        elif state == "stopped":  # by others, before it saw that it is awaited here
            self.take()
        return True

    def stop(self) -> None:
        """Wait no more for the job, which stops if nobody else waits for it either.

        The maps that are shown stay; `take` starts again.
        """
        if self.job is not None:
            self.job.stop()
            others = "; another tab waits for it" if self.job.is_awaited else ""
            self.job, self.ready, self.stopped = None, False, f"stopped{others}"

    def take(self) -> None:
        """Show the maps that the job has made; start it again where it was stopped."""
        if self._wanted is not None:
            request, name = self._wanted
            self._wanted, self.ready = None, False
            self._leave_job()
            self.ask(name, request.settings)

    def leave(self) -> None:
        """Need neither maps nor job any more, as when the session has ended."""
        self._leave_job()
        if self._mark is not None:
            self._mark.remove()

    def _leave_job(self):
        if self.job is not None:
            self.job.leave()
            self.job = None

    # ---- further points

    def augment(self, augmentation: "Augmentation", then: Callable) -> None:
        """Call ``then(map)`` with the PCA map of augmented spectra; in the background.

        ``then`` gets what was raised, if anything was.
        """
        in_background(partial(_augmented, self.shown.request, augmentation), then)

    def place(self, star_id: str, wanted: Callable[[], bool], then: Callable) -> None:
        """Call ``then(places)`` with where a star lies that is on no map.

        places (n_maps, 2), or what was raised; None if it was not ``wanted`` any more
        when its turn came, which is asked before each map. In the background.
        """
        shown, session, turn = self.shown, self._session, self._placing

        def work():
            with turn:
                return _placed(shown, session, star_id, wanted)

        in_background(work, then)


def _find(session, model_name, settings, drawn, shown):
    """Request, maps, their points, and the job of better ones, if one is needed."""
    from stellar_gui.maps.request import MapRequest
    from stellar_gui.maps.store import Maps

    model = session.models[model_name]
    survey = session.set_of(session.ids[0])
    request, store = MapRequest(model, survey, settings), Maps()
    if shown is not None and shown.request.model is model:
        request = shown.request.changed(settings)
    mark, maps, job = store.open(request), store.cached(request), None
    if maps is None:
        maps = store.compute(request)
        if settings.method != "pca":
            job = store.start(request, maps)
    elif _ids(maps.pca()) & drawn and not _ids(maps) & drawn:
        maps = maps.pca()
    return _Found(Shown(request, maps, _points(request, maps), model_name), mark, job)


def _ids(maps):
    return {one.map_id for one in maps.values()}


def _points(request, maps):
    from stellar_gui.maps.points import MapPoints

    return MapPoints(dict(maps), request.sets.synth_labels, request.sets.label_names)


def _augmented(request, augmentation):
    from stellar_gui.maps.store import Maps

    settings = replace(request.settings, method="pca", augmentation=augmentation)
    return Maps().compute(request.changed(settings))["raw"]


def _placed(shown, session, star_id, wanted):
    from stellar_gui.maps.spaces import star_points

    star, model, places = session.star(star_id), shown.request.model, []
    for space, one in shown.maps.items():
        if not wanted():
            return None
        places.append(one.place(star_points(model, star, space))[0])
    return np.array(places) * shown.points.scale
