"""Maps that were computed before, and the jobs that compute new ones."""

import contextlib
from pathlib import Path

import numpy as np

from stellar_gui.jobs import Job
from stellar_gui.maps.files import read_maps, write_maps
from stellar_gui.maps.map import DomainMaps
from stellar_gui.maps.principal import principal_maps
from stellar_gui.maps.request import MapRequest
from stellar_gui.maps.worker import BEGIN, RESULT
from stellar_gui.marks import Mark
from stellar_gui.paths import cache, sample_data
from stellar_gui.pruning import prune

_WORKER = "stellar_gui.maps.worker"


class Maps:
    """The maps that lie in a folder, and those that ship with the sample survey.

    Every method reads files or computes: ask in the background. Sessions and servers
    may share a folder.
    """

    def __init__(self, folder: str | Path | None = None):
        """folder: None for the user's cache."""
        self.folder = cache() / "maps" if folder is None else Path(folder)

    def cached(self, request: MapRequest) -> DomainMaps | None:
        """Return the maps of a request if they exist; a damaged file counts as none."""
        fingerprint = request.fingerprint
        for path in (self._job(fingerprint).folder / RESULT, shipped(fingerprint)):
            try:
                maps = read_maps(path)
            except (OSError, ValueError):
                continue
            if maps.fingerprint == fingerprint:
                return maps
        return None

    def open(self, request: MapRequest) -> Mark | None:
        """Mark the kept maps of a request as in use, so that they are not pruned.

        None if there are none, or where nobody may write: those prune nothing either.
        """
        folder = self._job(request.fingerprint).folder
        with contextlib.suppress(OSError):
            return Mark(folder, "open") if folder.is_dir() else None

    def job(self, request: MapRequest) -> Job:
        """Return the job of a request, which may be new, running or ended."""
        return self._job(request.fingerprint)

    def start(self, request: MapRequest, begin: DomainMaps | None = None) -> Job:
        """Compute the maps of a request in a process of their own; return the job.

        begin: what `compute` returned for it, if that was asked for. A job that runs
        already is left running, and joined. When it is "finished", `cached` has the
        maps. Raises ValueError as `domain_sets` and `prune`, OSError if nothing can be
        written.
        """
        job = self.job(request)
        job.join()
        if job.state != "running":
            prune(self.folder.parent)
            write_maps(job.folder / BEGIN, begin or self.compute(request))
            job.start(_WORKER, {"settings": request.settings.to_plain()})
        return job

    def keep(self, maps: DomainMaps) -> Path:
        """Write maps that were computed elsewhere for `cached` to find; their file."""
        folder = self._job(maps.fingerprint).folder
        folder.mkdir(parents=True, exist_ok=True)
        write_maps(folder / RESULT, maps)
        return folder / RESULT

    def compute(self, request: MapRequest) -> DomainMaps:
        """Return the maps by PCA, at once, whatever method is asked for."""
        return principal_maps(request.sets, request.source, request.settings)

    def _job(self, fingerprint):
        return Job(self.folder / fingerprint)


def shipped(fingerprint: str) -> Path:
    """The file of maps that ship, if they do."""
    return sample_data() / "maps" / f"{fingerprint}.npz"


def write_shipped(folder: str | Path, maps: DomainMaps) -> Path:
    """Write maps, in few bits, to a file named as `shipped` looks for; return it."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / f"{maps.fingerprint}.npz"
    write_maps(path, maps, np.float16)
    return path
