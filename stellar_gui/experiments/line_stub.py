"""Candidates as the beginning of a line list: what is known of them, and what is not.

The columns are those of `synthesis.lines`, as far as a transfer can fill them. Lower
level, ionisation and oscillator strength are left empty: no reader can take the file
for a finished line list, and `read_line_list` refuses it until they are filled in.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.table import Column, MaskedColumn, Table

from stellar_gui import __version__
from stellar_gui.io.ecsv import table_text
from stellar_gui.synthesis.elements import ATOMIC_NUMBER

_UNKNOWN = "e_low, ion and log_gf are unknown and left empty; fill them before use"
_NAMED_BY = (
    "the element is that whose derivative the transfer changes most; blends and short "
    "trainings mislead it, see element_support and the rates of the trial"
)


def line_stub(findings: Mapping[str, Any]) -> Table:
    """Return one row for each candidate of `findings.judge`, by wavelength.

    Nothing of the answer is in it: it is what a user without the truth would have.
    """
    rows = sorted(findings["candidates"], key=lambda row: row["wavelength"])
    column = lambda name: np.array([row[name] for row in rows])  # noqa: E731
    empty = lambda dtype, **about: MaskedColumn(  # noqa: E731
        np.zeros(len(rows), dtype), mask=np.ones(len(rows), bool), **about
    )
    table = Table()
    table[f"wavelength_{findings['medium']}"] = Column(
        column("wavelength"), unit="Angstrom", description="of the deepest pixel"
    )
    table["species"] = [f"{row['element']} ?" for row in rows]
    table["Z"] = [ATOMIC_NUMBER[row["element"]] for row in rows]
    table["ion"] = empty(int)
    table["e_low"] = empty(float, unit="eV")
    table["log_gf"] = empty(float)
    table["depth"] = Column(column("depth"), description="mean flux taken away")
    table["significance"] = Column(
        column("significance"), description="depth over its bootstrap error"
    )
    table["element_support"] = Column(
        column("support"), description="share of bootstraps that name this element"
    )
    table["second_element"] = column("second")
    table.meta = {
        "unknown": _UNKNOWN,
        "element": _NAMED_BY,
        "threshold": dict(findings["threshold"]),
        "trial": dict(findings["trial"]),
        "stellar_gui": __version__,
    }
    return table


def stub_text(findings: Mapping[str, Any]) -> str:
    """Return `line_stub` as the text of an ECSV file."""
    return table_text(line_stub(findings))


def confusion_text(findings: Mapping[str, Any]) -> str:
    """Return the confusion of elements as the text of an ECSV file.

    One row for each element that a line had, one column for each that was given.
    """
    found = findings["confusion"]
    table = Table({"own": np.array(found["own"], str)})
    count = np.reshape(found["count"], (len(found["own"]), len(found["given"])))
    for given, column in zip(found["given"], count.T, strict=True):
        table[given] = column
    table.meta = {"trial": dict(findings["trial"]), "stellar_gui": __version__}
    return table_text(table)
