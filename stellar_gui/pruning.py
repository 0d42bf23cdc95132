"""Pruning: what was used longest ago goes when the cache has grown too large.

Only folders of maps and of fits go, as a whole: they are made again when they are asked
for. What users made lies elsewhere, beside the training runs. Sessions and workers mark
the folders that they need, see `marks`, and those stay.
"""

import contextlib
import math
import os
import re
import secrets
import shutil
from pathlib import Path

from stellar_gui import paths
from stellar_gui.marks import is_marked

VARIABLE = "STELLAR_GUI_CACHE_GB"
_DEFAULT = 10.0  # GB
SENTENCE = (
    "Maps and fits are kept in the user's cache folder, or in $STELLAR_GUI_CACHE. It "
    f"holds up to {_DEFAULT:.0f} GB, or ${VARIABLE}: what was used longest ago goes "
    "first, nothing that is in use."
)
_BYTES = 1e9  # in a GB
_PARTS = ("maps", "surveys")
_NAME = re.compile("[0-9a-f]{32}")  # a fingerprint: nothing that a user names
_GOING = re.compile(r"\.[0-9a-f]{32}\.[0-9a-f]{8}\.going")


def cache_limit() -> float:
    """How large the cache may grow, GB: $STELLAR_GUI_CACHE_GB, else 10.

    Raises ValueError if that is not a number of 0 or more.
    """
    chosen = os.environ.get(VARIABLE) or _DEFAULT
    try:
        limit = float(chosen)
    except ValueError:
        limit = math.nan
    if not limit >= 0:
        raise ValueError(
            f"{VARIABLE} is {chosen!r}, expected a number of 0 or more: GB that the "
            "cache may hold. Set it anew and start again, or leave it out."
        )
    return limit


def prune(cache: str | Path | None = None, limit: float | None = None) -> list[Path]:
    """Remove what was used longest ago until a cache holds no more than its limit.

    cache: the folder, the user's if None; limit: GB, `cache_limit` if None. Returns the
    folders that went. What is in use stays, and counts. Others may prune meanwhile.
    """
    cache = paths.cache() if cache is None else Path(cache)
    most = _BYTES * (cache_limit() if limit is None else limit)
    for left in _folders(cache, _GOING):  # by a process that was killed
        _delete(left)
    sizes = {folder: _size(folder) for folder in _folders(cache, _NAME)}
    total, gone = sum(sizes.values()), []
    for folder in sorted(sizes, key=_last_used):
        if total <= most:
            break
        if not is_marked(folder) and _remove(folder):
            gone.append(folder)
            total -= sizes[folder]
    return gone


def _folders(cache, name):
    parts = [cache / part for part in _PARTS]
    found = [path for part in parts if part.is_dir() for path in part.iterdir()]
    return [path for path in found if name.fullmatch(path.name) and path.is_dir()]


def _size(folder):
    """Bytes of all files; those that another process removes do not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += Path(place, name).stat().st_size
    return total


def _last_used(folder):
    """When a file or a mark was last put into a folder, or taken out of it."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove(folder):
    """Whether a folder is gone: whole, so it is put aside first."""
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.going")
    try:
        folder.rename(aside)
    except OSError:  # another process was faster, or has one of its files open
        return not folder.exists()
    return _delete(aside)


def _delete(aside):
    """Delete a folder that was put aside, unless it came to be needed meanwhile."""
    if is_marked(aside):
        with contextlib.suppress(OSError):  # or it was begun anew already
            aside.rename(aside.with_name(aside.name[1:33]))
            return False
    shutil.rmtree(aside, ignore_errors=True)
    return True
