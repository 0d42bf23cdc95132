"""The process that lays maps out: ``python -m stellar_gui.maps.worker FOLDER``."""

import sys
import time
from dataclasses import replace
from pathlib import Path

from stellar_gui.jobs import working
from stellar_gui.maps.files import read_maps, write_maps
from stellar_gui.maps.map import DomainMaps, map_id
from stellar_gui.maps.settings import MapSettings
from stellar_gui.maps.tsne import lay_out
from stellar_gui.pruning import prune

BEGIN, RESULT = "begin.npz", "maps.npz"
_TITLES = {
    "raw": "spectra",
    "latents": "shared latents",
    "transferred": "spectra after transfer",
}


def laid_out(begin: DomainMaps, settings: MapSettings, report=None) -> DomainMaps:
    """Return maps by t-SNE of what ``begin``, a PCA of the same stars, holds.

    report(done, total, words) is called now and then; what it raises ends the work.
    """
    maps = DomainMaps(begin.source, settings, {}, begin.notes, begin.left_out)
    found, each = {}, settings.total_iterations
    for number, (space, one) in enumerate(begin.items()):

        def tell(iteration, number=number, space=space):
            words = f"{_TITLES[space]}: iteration {iteration} of {each}"
            report(number * each + iteration, len(begin) * each, words)

        started = time.process_time()
        points = lay_out(one.reduced, settings, report and tell)
        found[space] = replace(
            one,
            map_id=map_id(maps.fingerprint, space),
            settings=settings,
            points=points,
            seconds=time.process_time() - started,
        )
    return replace(maps, maps=found)


def main(folder: str | Path) -> None:
    """Lay out the maps of a job's folder."""
    with working(folder) as work:
        settings = MapSettings.from_plain(work.request["settings"])
        work.report(0, 1, "starting")
        begin = read_maps(work.folder / BEGIN)
        write_maps(work.folder / RESULT, laid_out(begin, settings, work.report))
        # another server's worker may have been at it, too
        (work.folder / BEGIN).unlink(missing_ok=True)
        prune(work.folder.parent.parent)


if __name__ == "__main__":
    main(sys.argv[1])
