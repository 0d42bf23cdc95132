"""Maps on disk: one .npz file for all maps of a request, whole or not at all."""

import json
import zipfile
from pathlib import Path

import numpy as np

from stellar_gui.analysis.mixing import Mixing
from stellar_gui.io.whole import written_whole
from stellar_gui.maps.map import DomainMap, DomainMaps, LeftOut, map_id
from stellar_gui.maps.reduction import Reduction
from stellar_gui.maps.settings import MapSettings

_ARRAYS = ("points", "reduced")


def write_maps(path: str | Path, maps: DomainMaps, dtype=np.float32) -> None:
    """Write maps; dtype: float16 makes a file half as large, good to 0.1 per cent."""
    arrays, header = {}, {}
    for space, one in maps.items():
        arrays[f"{space}.points"] = one.points.astype(np.float32)
        arrays[f"{space}.reduced"] = one.reduced.astype(dtype)
        arrays[f"{space}.mean"] = one.reduction.mean.astype(dtype)
        arrays[f"{space}.components"] = one.reduction.components.astype(dtype)
        header[space] = {"mixing": list(one.mixing), "seconds": one.seconds}
    first = next(iter(maps.values()))
    said = {
        "source": maps.source,
        "settings": maps.settings.to_plain(),
        "notes": maps.notes,
        "left_out": maps.left_out,
        "maps": header,
    }
    with written_whole(path) as part, part.open("wb") as file:
        np.savez_compressed(
            file,
            header=json.dumps(said),
            ids=first.ids,
            is_obs=first.domain == "obs",
            **arrays,
        )


def read_maps(path: str | Path) -> DomainMaps:
    """Read what `write_maps` wrote. Raises ValueError if it is damaged or another."""
    try:
        # opened here, because np.load leaves a damaged file open
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return _maps(file)
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as fault:
        raise ValueError(
            f"{Path(path).name} holds no maps, it is damaged or of another version "
            f"({fault}). Compute them again."
        ) from fault


def _maps(file):
    said = json.loads(str(file["header"]))
    settings = MapSettings.from_plain(said["settings"])
    ids, domain = file["ids"], np.where(file["is_obs"], "obs", "synth")
    left_out = tuple(LeftOut(*entry) for entry in said["left_out"])
    maps = DomainMaps(said["source"], settings, {}, tuple(said["notes"]), left_out)
    found = {}
    for space, entry in said["maps"].items():
        points, reduced, mean, components = (
            file[f"{space}.{name}"].astype(np.float32)
            for name in (*_ARRAYS, "mean", "components")
        )
        if points.shape != (len(ids), 2) or not np.isfinite(points).all():
            raise ValueError(f"{points.shape} points of {len(ids)} stars")
        found[space] = DomainMap(
            map_id=map_id(maps.fingerprint, space),
            space=space,
            settings=settings,
            ids=ids,
            domain=domain,
            points=points.astype(float),
            reduced=reduced,
            reduction=Reduction(mean, components),
            mixing=Mixing(*entry["mixing"]),
            seconds=entry["seconds"],
        )
    if set(found) != set(settings.spaces):
        raise ValueError(f"maps of {', '.join(found) or 'no space'}")
    return DomainMaps(maps.source, settings, found, maps.notes, maps.left_out)
