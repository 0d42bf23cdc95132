"""Line lists: what is known of each spectral line, and how lists are read and written.

The bundled list is an extract of the Gaia-ESO list (assets/synthesis/lines_s7.md). Other
lists come as ECSV with the same columns and units; `reach.measure_reach` finds
``max_depth`` and ``half_window`` where a list has none.
"""

from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
from astropy.table import Table

from stellar_gui import paths

from .elements import ATOMIC_NUMBER, SYMBOLS

ROMAN = ("", "I", "II", "III")


def _column(unit: str = "", dtype=np.float64, name: str | None = None):
    return field(metadata={"unit": unit, "dtype": dtype, "column": name})


@dataclass(frozen=True, eq=False)
class LineList:
    """Atomic lines, every array (n_lines,)."""

    wavelength: np.ndarray = _column("Angstrom")
    e_low: np.ndarray = _column("eV")
    e_up: np.ndarray = _column("eV")
    g_up: np.ndarray = _column()  # statistical weight of the upper level
    log_gf: np.ndarray = _column()  # not scaled by the isotope's fraction
    z: np.ndarray = _column(dtype=np.int64, name="Z")
    ion: np.ndarray = _column(dtype=np.int64)  # 1 neutral, 2 singly ionised
    isotope: np.ndarray = _column(dtype=np.int64)  # mass number, 0 = all
    isotope_fraction: np.ndarray = _column()
    ionisation_energy: np.ndarray = _column("eV")
    gamma_rad: np.ndarray = _column("s-1")
    abo_sigma: np.ndarray = _column()  # bohr^2 at 10^6 cm/s; 0 = use gamma6
    abo_alpha: np.ndarray = _column()
    gamma6: np.ndarray = _column("cm3 s-1", name="gamma6_1e4K")  # times (T/1e4)^0.3
    stark: np.ndarray = _column("cm3 s-1", name="stark_1e4K")
    stark_exponent: np.ndarray = _column(name="stark_T_exponent")
    max_depth: np.ndarray = _column()  # largest over the bounding stars
    half_window: np.ndarray = _column("km s-1")
    medium: str = "air"

    def __post_init__(self):
        for column in _columns():
            values = np.asarray(getattr(self, column.name), column.metadata["dtype"])
            if values.shape != np.shape(self.wavelength) or values.ndim != 1:
                raise ValueError(
                    f"the column {column.name} has shape {values.shape}, expected "
                    f"{np.shape(self.wavelength)}: one value for each line"
                )
            object.__setattr__(self, column.name, values)
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
        return replace(
            self, **{c.name: getattr(self, c.name)[keep] for c in _columns()}
        )

    def replace(self, **changes) -> "LineList":
        """The same lines with some columns changed, such as ``log_gf=...``."""
        return replace(self, **changes)

    def of_species(self, element: str, ion: int | None = None) -> np.ndarray:
        """Boolean mask (n_lines,) of one element ("Fe"), of one ion if given."""
        mask = self.z == ATOMIC_NUMBER[element]
        return mask if ion is None else mask & (self.ion == ion)


def _columns():
    return [c for c in fields(LineList) if "dtype" in c.metadata]


def _column_name(column, medium: str) -> str:
    if column.name == "wavelength":
        return f"wavelength_{medium}"
    return column.metadata["column"] or column.name


_OPTIONAL = {"max_depth", "half_window"}


def _from_columns(data, source: str) -> LineList:
    """data: mapping or table of columns."""
    names = set(data.keys())
    media = [m for m in ("air", "vacuum") if f"wavelength_{m}" in names]
    if len(media) != 1:
        raise ValueError(
            f"{source} has the columns {', '.join(sorted(names))}; expected either "
            "wavelength_air or wavelength_vacuum (Angstrom)"
        )
    wanted = {c.name: _column_name(c, media[0]) for c in _columns()}
    missing = [
        column
        for name, column in wanted.items()
        if column not in names and name not in _OPTIONAL
    ]
    if missing:
        raise ValueError(
            f"{source} lacks the columns {', '.join(missing)}; expected those that "
            "write_line_list() writes"
        )
    unknown = np.full(len(data[wanted["wavelength"]]), np.nan)
    values = {
        name: np.asarray(data[column]) if column in names else unknown
        for name, column in wanted.items()
    }
    return LineList(**values, medium=media[0])


def bundled_lines() -> LineList:
    """The 3725 lines of the sample's windows."""
    path = paths.assets() / "synthesis" / "lines_s7.npz"
    with np.load(path) as data:
        return _from_columns(data, path.name)


def read_line_list(path) -> LineList:
    """Read a line list from ECSV; units are converted to those of `LineList`.

    Raises ValueError naming the columns that are missing or whose unit does not fit.
    ``max_depth`` and ``half_window`` may be absent: NaN, until measured.
    """
    table = Table.read(path, format="ascii.ecsv")
    data = {}
    for name in table.colnames:
        data[name] = np.asarray(table[name])
    for column in _columns():
        for medium in ("air", "vacuum"):
            name, unit = _column_name(column, medium), column.metadata["unit"]
            if name in data and unit and table[name].unit is not None:
                try:
                    data[name] = table[name].quantity.to_value(unit)
                except Exception as error:
                    raise ValueError(
                        f"{path}: the column {name} has unit {table[name].unit}, "
                        f"expected one that converts to {unit}"
                    ) from error
    return _from_columns(data, str(path))


def write_line_list(path, lines: LineList) -> None:
    """Write ``lines`` as ECSV with units; refuses to overwrite a file."""
    table = Table(meta={"medium": lines.medium})
    for column in _columns():
        name = _column_name(column, lines.medium)
        table[name] = getattr(lines, column.name)
        table[name].unit = column.metadata["unit"] or None
    table.write(path, format="ascii.ecsv")
