"""Line lists: what is known of each spectral line, and how lists are read and written.

The bundled list is an extract of the Gaia-ESO list (assets/synthesis/lines_s7.md).
Other lists come as ECSV with the same columns and units; `reach.measure_reach` finds
``max_depth`` and ``half_window`` where a list has none.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stellar_gui import paths

from .elements import ATOMIC_NUMBER, SYMBOLS

ROMAN = ("", "I", "II", "III")


class _Column(NamedTuple):
    name: str  # in files; of the wavelength, the medium follows
    unit: str
    dtype: type = float
    optional: bool = False


_COLUMNS = {
    "wavelength": _Column("wavelength", "Angstrom"),
    "e_low": _Column("e_low", "eV"),
    "e_up": _Column("e_up", "eV"),
    "g_up": _Column("g_up", ""),
    "log_gf": _Column("log_gf", ""),
    "z": _Column("Z", "", int),
    "ion": _Column("ion", "", int),
    "isotope": _Column("isotope", "", int),
    "isotope_fraction": _Column("isotope_fraction", ""),
    "ionisation_energy": _Column("ionisation_energy", "eV"),
    "gamma_rad": _Column("gamma_rad", "s-1"),
    "abo_sigma": _Column("abo_sigma", ""),
    "abo_alpha": _Column("abo_alpha", ""),
    "gamma6": _Column("gamma6_1e4K", "cm3 s-1"),
    "stark": _Column("stark_1e4K", "cm3 s-1"),
    "stark_exponent": _Column("stark_T_exponent", ""),
    "max_depth": _Column("max_depth", "", optional=True),
    "half_window": _Column("half_window", "km s-1", optional=True),
}


@dataclass(frozen=True, eq=False)
class LineList:
    """Atomic lines, every array (n_lines,), in the units of the comments."""

    wavelength: np.ndarray  # Angstrom
    e_low: np.ndarray  # eV
    e_up: np.ndarray  # eV
    g_up: np.ndarray  # statistical weight of the upper level
    log_gf: np.ndarray  # not scaled by the isotope's fraction
    z: np.ndarray
    ion: np.ndarray  # 1 neutral, 2 singly ionised
    isotope: np.ndarray  # mass number, 0 = all
    isotope_fraction: np.ndarray
    ionisation_energy: np.ndarray  # eV
    gamma_rad: np.ndarray  # 1/s
    abo_sigma: np.ndarray  # bohr^2 at 10^6 cm/s; 0 = use gamma6
    abo_alpha: np.ndarray
    gamma6: np.ndarray  # cm3/s at 10^4 K, times (T / 10^4 K)^0.3
    stark: np.ndarray  # cm3/s at 10^4 K
    stark_exponent: np.ndarray  # of T / 10^4 K
    max_depth: np.ndarray  # largest central depth over the bounding stars
    half_window: np.ndarray  # km/s beyond which the line does not count
    medium: str = "air"

    def __post_init__(self):
        for name, column in _COLUMNS.items():
            values = np.asarray(getattr(self, name))
            if values.shape != np.shape(self.wavelength) or values.ndim != 1:
                raise ValueError(
                    f"the column {name} has shape {values.shape}, expected "
                    f"{np.shape(self.wavelength)}: one value for each line"
                )
            if not column.optional and not np.isfinite(values).all():
                raise ValueError(
                    f"the column {name} holds {np.sum(~np.isfinite(values))} values "
                    "that are missing or not finite; fill them or leave the lines out"
                )
            object.__setattr__(self, name, values.astype(column.dtype))
        known = (self.z >= 1) & (self.z < len(SYMBOLS)) & (self.ion >= 1)
        known &= self.ion < len(ROMAN)
        if not known.all():
            row = int(np.argmin(known))
            raise ValueError(
                f"line {row} has Z = {self.z[row]} and ion = {self.ion[row]}, expected "
                f"Z 1 to {len(SYMBOLS) - 1} and ion 1 (neutral) to {len(ROMAN) - 1}; "
                "leave molecules and higher ions out"
            )
        if self.medium not in {"air", "vacuum"}:
            raise ValueError(f"medium is {self.medium!r}, expected 'air' or 'vacuum'")

    def __len__(self) -> int:
        return len(self.wavelength)

    @cached_property
    def name(self) -> tuple[str, ...]:
        """Species of each line, "Fe I"."""
        return tuple(
            f"{SYMBOLS[z]} {ROMAN[ion]}"
            for z, ion in zip(self.z, self.ion, strict=True)
        )

    def select(self, keep) -> "LineList":
        """The lines of a boolean mask or of indices."""
        return replace(self, **{name: getattr(self, name)[keep] for name in _COLUMNS})

    def replace(self, **changes) -> "LineList":
        """The same lines with some columns changed, such as ``log_gf=...``."""
        return replace(self, **changes)

    def of_species(self, element: str, ion: int | None = None) -> np.ndarray:
        """Boolean mask (n_lines,) of one element ("Fe"), of one ion if given."""
        mask = self.z == ATOMIC_NUMBER[element]
        return mask if ion is None else mask & (self.ion == ion)


def _file_names(medium: str) -> dict[str, str]:
    """Names of the columns in files, by field."""
    names = {name: column.name for name, column in _COLUMNS.items()}
    return {**names, "wavelength": f"wavelength_{medium}"}


def _from_columns(data, source: str) -> LineList:
    """data: mapping from names in files to arrays."""
    media = [m for m in ("air", "vacuum") if f"wavelength_{m}" in data]
    if len(media) != 1:
        raise ValueError(
            f"{source} has the columns {', '.join(sorted(data))}; expected either "
            "wavelength_air or wavelength_vacuum (Angstrom)"
        )
    names = _file_names(media[0])
    missing = [
        name
        for field, name in names.items()
        if name not in data and not _COLUMNS[field].optional
    ]
    if missing:
        raise ValueError(
            f"{source} lacks the columns {', '.join(missing)}; expected those that "
            "write_line_list() writes"
        )
    unknown = np.full(len(data[names["wavelength"]]), np.nan)
    columns = {field: data.get(name, unknown) for field, name in names.items()}
    return LineList(**columns, medium=media[0])


def bundled_lines() -> LineList:
    """The 3725 lines of the sample's windows."""
    path = paths.assets() / "synthesis" / "lines_s7.npz"
    with np.load(path) as data:
        return _from_columns(dict(data), path.name)


def read_line_list(path) -> LineList:
    """Read a line list from ECSV; units are converted to those of `LineList`.

    Raises ValueError naming the columns that are missing or whose unit does not fit.
    ``max_depth`` and ``half_window`` may be absent or empty: NaN, until measured.
    """
    from astropy.table import Table  # half a second, which the bundled list spares

    table = Table.read(path, format="ascii.ecsv")
    units = {
        name: _COLUMNS[field].unit
        for medium in ("air", "vacuum")
        for field, name in _file_names(medium).items()
    }
    columns = {
        name: _in_unit(table[name], units.get(name), path) for name in table.columns
    }
    return _from_columns(columns, str(path))


def _in_unit(column, unit: str | None, path) -> np.ndarray:
    from astropy.units import UnitConversionError

    if np.ma.is_masked(column):  # empty cells
        column = column.astype(float).filled(np.nan)
    if not unit or column.unit is None:
        return np.asarray(column)
    try:
        return column.quantity.to_value(unit)
    except UnitConversionError as error:
        raise ValueError(
            f"{path}: the column {column.name} has unit {column.unit}, expected one "
            f"that converts to {unit}"
        ) from error


def write_line_list(path, lines: LineList) -> None:
    """Write ``lines`` as ECSV with units; an existing file is not overwritten."""
    from astropy.table import Column, Table

    table = Table()
    for field, name in _file_names(lines.medium).items():
        unit = _COLUMNS[field].unit or None
        table[name] = Column(getattr(lines, field), unit=unit)
    table.write(path, format="ascii.ecsv")
