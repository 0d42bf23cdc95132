"""Files in, files out: one module for each format, found by content, not by name.

A format module has ``TITLE``, ``identify(path)`` and ``load(path, **options)``. This
package imports nothing above `spectra`.
"""

import importlib
from pathlib import Path
from types import ModuleType

from stellar_gui.io.hdf5 import write_spectra
from stellar_gui.spectra import Spectra

__all__ = [
    "FORMATS",
    "format_module",
    "identify_format",
    "read_spectra",
    "write_spectra",
]

FORMATS = ("hdf5", "apogee", "aspcap", "fits1d", "tables")
"""Formats by name, in the order they are asked; the most particular first."""


def format_module(name: str) -> ModuleType:
    """Return the module of a format; astropy comes with all but ``hdf5``."""
    return importlib.import_module(f"stellar_gui.io.{name}")


def identify_format(path: str | Path) -> str:
    """Return the name of the file's format.

    Raises FileNotFoundError if there is no such file, ValueError if it is empty, a
    folder, or of no known format.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path.name} is a folder, expected a file with spectra")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}; check its name and folder")
    if not path.stat().st_size:
        raise ValueError(f"{path.name} is empty. Fetch or make the file again.")
    for name in FORMATS:
        if format_module(name).identify(path):
            return name
    known = "; ".join(format_module(name).TITLE for name in FORMATS)
    raise ValueError(
        f"{path.name} is in no known format; expected one of: {known}. Convert it to a "
        "table with the columns wavelength, flux and error."
    )


def read_spectra(path: str | Path, *, format: str | None = None, **options) -> Spectra:
    """Read spectra from a file of any supported format.

    format: a name of `FORMATS`; None looks at the content. options: those of the
    format's ``load``. Raises ValueError with a sentence for a file that is unknown,
    empty, truncated or does not fit together, FileNotFoundError if there is none.
    """
    if format is not None and format not in FORMATS:
        raise ValueError(
            f"format is {format!r}, expected one of {', '.join(FORMATS)} or None to "
            "look at the content"
        )
    name = format or identify_format(path)
    return format_module(name).load(Path(path), **options)
