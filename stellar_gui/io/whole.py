"""Files written whole or not at all: a crash leaves the old file or the new one."""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

_WAITS = (0.01, 0.02, 0.05, 0.1, 0.2)  # s, between tries to rename


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes ``path`` when the block ends without error.

    It lies beside ``path``, because a rename is atomic only inside one file system.
    Raises FileNotFoundError if the folder does not exist.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(Path(folder, "a.txt")) as part:
    ...         _ = part.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {path.name}: the folder {path.parent} does not exist. "
            "Make it first, or choose another."
        )
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())  # else a power cut may rename an empty file
        _rename(part, path)
    finally:
        part.unlink(missing_ok=True)


def _rename(part, path):
    """Windows refuses while another process reads the old file, which is soon over."""
    for seconds in _WAITS:
        try:
            part.replace(path)
            return
        except PermissionError:
            time.sleep(seconds)
    part.replace(path)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")
