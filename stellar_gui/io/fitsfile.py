"""What the readers of FITS files share: is it one, is it whole, what are its axes."""

import contextlib
import gzip
import io
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

_SIGNATURE = b"SIMPLE  ="
_GZIP = b"\x1f\x8b"


def is_fits(path: Path) -> bool:
    """Whether the file begins as FITS does, gzip-compressed or not."""
    with path.open("rb") as file:
        start = file.read(len(_SIGNATURE))
    if start.startswith(_GZIP):
        with contextlib.suppress(OSError, EOFError), gzip.open(path) as file:
            start = file.read(len(_SIGNATURE))
    return start == _SIGNATURE


@contextlib.contextmanager
def opened(path: Path) -> Iterator[fits.HDUList]:
    """Open a FITS file, whole; faults of the file become one sentence.

    Raises ValueError if the file is damaged or shorter than its headers say.
    """
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        with warnings.catch_warnings():
            # truncation is checked below; odd cards are common and harmless
            warnings.simplefilter("ignore", AstropyUserWarning)
            with fits.open(io.BytesIO(content)) as hdus:
                _check_whole(hdus, path, len(content))
                yield hdus
    except (OSError, EOFError, zlib.error, fits.VerifyError) as fault:
        raise ValueError(
            f"{path.name} cannot be read as FITS, it is damaged ({fault}). Fetch the "
            "file again."
        ) from fault


def _check_whole(hdus, path, size):
    last = hdus[-1]  # [-1] makes astropy find all of them
    expected = last.fileinfo()["datLoc"] + last.size
    if size < expected:
        raise ValueError(
            f"{path.name} is truncated: it has {size} bytes, its headers expect "
            f"{expected}. Fetch the file again."
        )
