"""Files written whole or not at all: a crash leaves the old file or the new one."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path; it becomes ``path`` when the block ends without error.

    The temporary file lies beside ``path``, because a rename is atomic only inside one
    file system. Raises FileNotFoundError if the folder does not exist.

    >>> folder = tempfile.mkdtemp()
    >>> with written_whole(Path(folder, "a.txt")) as part:
    ...     _ = part.write_text("whole")
    >>> Path(folder, "a.txt").read_text()
    'whole'
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {path.name}: the folder {path.parent} does not exist. "
            "Make it first, or choose another."
        )
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())  # else a power cut may rename an empty file
        part.chmod(0o666 & ~_umask())  # mkstemp makes files only their owner can read
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
