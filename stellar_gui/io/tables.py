"""One spectrum in a table: ECSV, CSV, columns of text, or a table inside FITS.

Columns are found by name: wavelength, flux, and error or ivar, each with its usual
synonyms. Units of ECSV and FITS columns are heeded, wavelengths become Angstrom.
"""

import codecs
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from astropy.table import Table

from stellar_gui.io.fitsfile import is_fits, opened
from stellar_gui.io.onedim import (
    assumed_unit,
    make_spectrum,
    sigma_from_ivar,
    sigma_from_variance,
    to_angstrom,
)
from stellar_gui.spectra import Spectra

TITLE = "table with the columns wavelength, flux and error or ivar (ECSV, CSV, FITS)"

COLUMNS = {
    "wavelength": "wavelength wave lambda lam wl wavelength_angstrom spectral_axis "
    "loglam log_wavelength dispersion",
    "flux": "flux norm_flux normalised_flux normalized_flux flux_norm intensity spec",
    "error": "error err sigma flux_error flux_err e_flux fluxerr flux_sigma "
    "uncertainty unc std",
    "ivar": "ivar inverse_variance flux_ivar invvar",
    "variance": "variance var",
    "bad": "bad mask and_mask flag bad_pixel",
}
"""Names a column may have, in any case; the last three are used where there is one."""

_SNIFFED = 65536  # bytes of a text file that are looked at


def identify(path: Path) -> bool:
    """Whether this is text or FITS with columns that can be wavelength and flux."""
    return _is_header(_column_names(path))


def load(
    path: str | Path,
    *,
    medium: str | None = None,
    resolution: float | None = None,
    normalised: bool | None = None,
    snr: float | None = None,
) -> Spectra:
    """Read one spectrum from a table. Arguments as in `fits1d.load`.

    ECSV may state medium, resolution, normalised and id in its ``meta``.
    Raises ValueError if no column is a wavelength or a flux, or a row is broken.
    """
    path = Path(path)
    table = _read(path)
    names = _assign(table.colnames)
    missing = {"wavelength", "flux"} - set(names)
    if missing:
        raise ValueError(
            f"{path.name} has no column for {' and '.join(sorted(missing))}; it has "
            f"{', '.join(table.colnames)}. Expected wavelength, flux and error or "
            "ivar: rename the columns."
        )
    column = {what: _numbers(table[name], path) for what, name in names.items()}
    meta = {str(key).lower(): value for key, value in table.meta.items()}
    unit = _unit(table[names["wavelength"]])
    wavelength = _wavelength(table[names["wavelength"]], column["wavelength"])
    assumed = assumed_unit(wavelength, unit)
    return make_spectrum(
        to_angstrom(wavelength, unit, path.name),
        column["flux"],
        _sigma(column),
        name=str(meta.get("id") or meta.get("object") or path.stem),
        bad=column["bad"] != 0 if "bad" in column else None,
        medium=medium or meta.get("medium"),
        resolution=resolution or meta.get("resolution"),
        normalised=meta.get("normalised") if normalised is None else normalised,
        snr=snr,
        metadata={"source": path.name, "format": TITLE, "assumed": assumed},
    )


def _assign(columns):
    """Which column holds what: {"wavelength": "LAMBDA", ...}; the first one wins."""
    found = {}
    for what, synonyms in COLUMNS.items():
        for name in columns:
            plain = re.sub(r"[\s\[(].*$", "", name.strip().lower())
            if plain in synonyms.split():
                found.setdefault(what, name)
    return found


def _column_names(path):
    if is_fits(path):
        with opened(path) as hdus:
            tables = [hdu for hdu in hdus if not hdu.is_image]
            return tables[0].columns.names if tables else []
    return _layout(path).names


class _Layout(NamedTuple):
    """How a text table is written: its column names, and what astropy must be told."""

    names: list[str]
    options: dict[str, Any]


def _layout(path):
    """The layout of a text table, by its header: the first line or a comment."""
    with path.open("rb") as file:
        start = file.read(_SNIFFED)
    if b"\0" in start:
        return _Layout([], {})  # no text
    encoding = {}
    if start.startswith(codecs.BOM_UTF8):  # as spreadsheets write it
        encoding = {"encoding": "utf-8-sig"}
    lines = start.decode("utf-8-sig", errors="replace").splitlines()
    plain = next((n for n in lines if n.strip() and not n.startswith("#")), "")
    if lines and lines[0].startswith("# %ECSV"):
        return _Layout(_split(plain), {"format": "ascii.ecsv"} | encoding)
    comments = [line[1:] for line in lines if line.startswith("#")]
    for place, line in enumerate(comments):
        if _is_header(_split(line)) and not _is_header(_split(plain)):
            options = {"format": "ascii.commented_header", "header_start": place}
            return _Layout(_split(line), _spaced(line) | options | encoding)
    return _Layout(_split(plain), _spaced(plain) | {"format": "ascii.basic"} | encoding)


def _spaced(line):
    return {"delimiter": _delimiter(line), "guess": False}


def _delimiter(line):
    return next((mark for mark in ",;\t|" if mark in line), " ")


def _split(line):
    delimiter = _delimiter(line)
    parts = line.split(None if delimiter == " " else delimiter)
    return [part.strip(" \"'") for part in parts]


def _is_header(names):
    return {"wavelength", "flux"} <= set(_assign(names))


def _read(path):
    try:
        if is_fits(path):
            with opened(path):  # for its sentence, if the file is damaged
                return Table.read(path, format="fits", unit_parse_strict="silent")
        return Table.read(path, **_layout(path).options)
    except (ValueError, KeyError, IndexError, OSError) as fault:
        reason = str(fault).strip().splitlines()[0] if str(fault).strip() else "no rows"
        raise ValueError(
            f"{path.name} cannot be read as a table ({reason}). Expected one row for "
            "each pixel with the same number of columns in every row."
        ) from fault


def _numbers(column, path):
    try:
        values = np.ma.filled(np.ma.asarray(column).astype(float), np.nan)
    except (ValueError, TypeError) as fault:
        raise ValueError(
            f"column {column.name!r} of {path.name} holds text, expected numbers"
        ) from fault
    return values.ravel()


def _wavelength(column, values):
    """The numbers of a column of wavelengths or of their logarithms."""
    plain = column.name.strip().lower()
    return 10.0**values if plain.startswith("log") else values


def _unit(column):
    in_name = re.search(r"[\[(]\s*(.+?)\s*[\])]", column.name)
    return getattr(column, "unit", None) or (in_name and in_name.group(1))


def _sigma(column):
    if "error" in column:
        return column["error"]
    if "ivar" in column:
        return sigma_from_ivar(column["ivar"])
    if "variance" in column:
        return sigma_from_variance(column["variance"])
    return None
