"""Points of a map, and the difference of two groups, as tables for other programs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import Column, Table

from stellar_gui import __version__
from stellar_gui.analysis.contrast import Reason
from stellar_gui.io.ecsv import table_text


def map_text(ids, domain, points, groups: Mapping[str, Any], meta) -> str:
    """Return the points of a map as the text of an ECSV file.

    ids, domain (n,), points (n, 2); groups: name -> bool (n,), whether a point is a
    member; meta: what the map is, in plain values.
    """
    table = Table()
    table["id"] = np.asarray(ids).astype(str)
    table["domain"] = np.asarray(domain).astype(str)
    for axis, name in enumerate("xy"):
        table[name] = Column(np.asarray(points)[:, axis], description="of the map")
    for name, members in groups.items():
        table[name] = np.asarray(members, dtype=bool)
    return _text(table, meta)


def difference_text(wavelength, value, error, medium: str, meta) -> str:
    """Return a difference of median spectra, (n_pixels,) each, as an ECSV file's text.

    error: half the 68 % band.
    """
    table = Table()
    table["wavelength"] = Column(wavelength, unit="Angstrom", description=medium)
    table["difference"] = Column(value, description="median flux of A less that of B")
    table["error"] = Column(error, description="standard deviation by bootstrap")
    return _text(table, meta)


def explanation_text(reasons: Sequence[Reason], meta) -> str:
    """Return the labels that explain a difference as the text of an ECSV file."""
    table = Table()
    for name in ("name", "unit"):
        table[name] = np.array([getattr(reason, name) for reason in reasons], dtype=str)
    table["value"] = Column([r.value for r in reasons], description="A less B")
    table["error"] = Column(
        [r.error for r in reasons],
        description="of the draw of stars, widened by misfit and uneven derivatives",
    )
    table["share"] = Column(
        [r.share for r in reasons], description="that no other label explains"
    )
    return _text(table, meta)


def _text(table, meta):
    table.meta = {**meta, "stellar_gui": __version__}
    return table_text(table)
