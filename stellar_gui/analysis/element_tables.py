"""What the Elements page shows, as tables: derivatives, limits, answers."""

from collections.abc import Mapping, Sequence

import numpy as np
from astropy.table import Column, Table

from stellar_gui import __version__
from stellar_gui.analysis.fisher import Limits
from stellar_gui.analysis.sensitivity import Sensitivity
from stellar_gui.io.ecsv import table_text
from stellar_gui.labels import describe


def derivatives_table(
    sensitivity: Sensitivity, star: str, title: str, labels: Mapping[str, float]
) -> Table:
    """Return one row for each pixel: flux and d flux / d label, per physical unit.

    title: whose derivatives, in words; labels: at which they were taken.
    """
    table = Table()
    table["wavelength"] = Column(
        sensitivity.wavelength, unit="Angstrom", description=sensitivity.medium
    )
    table["flux"] = sensitivity.flux
    for column, name in enumerate(sensitivity.label_names):
        unit = describe(name).unit
        table[f"d_flux_d_{name}"] = Column(
            sensitivity.jacobian[:, column],
            unit=f"1 / ({unit})" if unit else None,
            description=f"per {unit} of {describe(name).title}",
        )
    table.meta = _origin(star) | {"derivatives of": title, "labels": dict(labels)}
    return table


def limits_table(
    limits: Limits, star: str, title: str, snr: float, pixels: str
) -> Table:
    """Return one row for each label: the best possible sigma, and its correlations.

    title: of the model; snr: per pixel; pixels: in words, those that counted.
    """
    table = Table()
    table["label"] = list(limits.label_names)
    table["unit"] = [describe(name).unit for name in limits.label_names]
    table["sigma"] = limits.sigma
    table["sigma_alone"] = limits.alone
    for column, name in enumerate(limits.label_names):
        table[f"correlation_{name}"] = limits.correlation[:, column]
    table.meta = _origin(star) | {
        "model": title,
        "S/N per pixel": float(snr),
        "pixels": pixels,
        "sigma_alone": "were all other labels known",
    }
    return table


def rows_table(
    rows: Sequence[Mapping[str, object]], star: str, meta: Mapping[str, object]
) -> Table:
    """Return a table of rows of plain values, its origin among the metadata."""
    table = Table(rows=[dict(row) for row in rows]) if rows else Table()
    table.meta = _origin(star) | dict(meta)
    return table


def as_text(table: Table) -> str:
    """Return a table as the text of an ECSV file."""
    return table_text(table)


def _origin(star):
    return {"star": star, "stellar_gui": __version__}


def panels_table(
    wavelength, curves: Mapping[str, np.ndarray], star: str, title: str, medium: str
) -> Table:
    """Return one row for each pixel of what the four panels draw, by name."""
    table = Table()
    table["wavelength"] = Column(wavelength, unit="Angstrom", description=medium)
    for name, values in curves.items():
        table[name] = values
    table.meta = _origin(star) | {"transfer": title}
    return table
