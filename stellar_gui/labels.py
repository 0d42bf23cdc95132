"""Stellar labels: names, units, how they are written, and their element families.

Names are the field's: ``teff`` (K), ``logg`` (dex, cgs), ``vmicro`` and ``vbroad``
(km/s) and abundances ``x_h`` = [X/H] or ``x_fe`` = [X/Fe] (dex, AGSS09 scale).
This module imports nothing of the project.
"""

import difflib
import functools
from typing import NamedTuple

import numpy as np

ELEMENTS = tuple("C O Na Mg Al Si K Ca Sc Ti V Cr Mn Fe Co Ni Cu Y Ba La Eu".split())

FAMILIES = {
    "cno": ("Li", "C", "N", "O"),
    "alpha": ("Mg", "Si", "S", "Ca", "Ti"),
    "odd_z": ("Na", "Al", "P", "K", "Sc"),
    "iron_peak": ("V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"),
    "neutron_capture": ("Rb", "Sr", "Y", "Zr", "Ba", "La", "Ce", "Nd", "Sm", "Eu"),
}

FAMILY_TITLES = {
    "atmosphere": "Atmosphere",
    "cno": "C N O",
    "alpha": "α elements",
    "odd_z": "Odd Z",
    "iron_peak": "Iron peak",
    "neutron_capture": "Neutron capture",
    "other": "Other labels",
}


class Label(NamedTuple):
    """One stellar label: how it is named, written and measured."""

    name: str  # "mg_h"
    title: str  # "[Mg/H]"
    unit: str  # "K", "dex" or "km/s"
    family: str  # key of FAMILY_TITLES
    decimals: int  # digits after the point in a table
    element: str | None = None  # "Mg"
    derivative_step: float = 0.1  # the change that derivative plots are drawn for


_ATMOSPHERE = {
    "teff": Label("teff", "Teff", "K", "atmosphere", 0, None, 100.0),
    "logg": Label("logg", "log g", "dex", "atmosphere", 2),
    "vmicro": Label("vmicro", "vmicro", "km/s", "atmosphere", 2),
    "vbroad": Label("vbroad", "vbroad", "km/s", "atmosphere", 2, None, 1.0),
    "m_h": Label("m_h", "[M/H]", "dex", "atmosphere", 2),
    "alpha_m": Label("alpha_m", "[α/M]", "dex", "atmosphere", 2),
}

SYNTHETIC_LABELS = (
    "teff",
    "logg",
    "vmicro",
    "vbroad",
    *(f"{element.lower()}_h" for element in ELEMENTS),
)
"""The 25 labels of the synthesiser, of the sample survey and of its Payne."""


def _family(element: str) -> str:
    for family, members in FAMILIES.items():
        if element in members:
            return family
    return "other"


def _abundance(name: str) -> Label | None:
    symbol, _, scale = name.partition("_")
    if scale not in {"h", "fe", "m"} or not symbol.isalpha() or len(symbol) > 2:
        return None
    element = symbol.capitalize()
    reference = {"h": "H", "fe": "Fe", "m": "M"}[scale]
    return Label(name, f"[{element}/{reference}]", "dex", _family(element), 2, element)


def label(name: str) -> Label:
    """Return what is known of a label name.

    Raises KeyError with the nearest known name when it is not one.

    >>> label("mg_h").title, label("teff").unit
    ('[Mg/H]', 'K')
    """
    found = _ATMOSPHERE.get(name) or _abundance(name)
    if found is None:
        known = [*_ATMOSPHERE, *SYNTHETIC_LABELS]
        near = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise KeyError(
            f"{name!r} is not a label; expected teff, logg, vmicro, vbroad, m_h, "
            f"alpha_m or an abundance such as mg_h or mg_fe.{hint}"
        )
    return found


@functools.lru_cache(maxsize=512)
def describe(name: str) -> Label:
    """As `label`, but a survey's own label gets a plain entry instead of an error.

    >>> describe("age").title
    'age'
    """
    try:
        return label(name)
    except KeyError:
        return Label(name, name, "", "other", 2)


def check_label_names(names, allowed, what: str = "label") -> tuple[str, ...]:
    """Return ``names`` as a tuple, or say which is unknown and what is near it.

    Raises ValueError if a name is not in ``allowed`` or stands twice, and for a text
    instead of a list of names.

    >>> check_label_names(["tef"], ("teff", "logg"))
    Traceback (most recent call last):
        ...
    ValueError: label 'tef' is not available; got tef, available are teff, logg. Did \
you mean 'teff'?
    """
    if isinstance(names, str):
        raise ValueError(
            f"{what} names are the text {names!r}, expected a list of names. Pass "
            f"[{names!r}], with brackets."
        )
    names = tuple(names)
    for name in names:
        if name not in allowed:
            near = difflib.get_close_matches(name, list(allowed), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"{what} {name!r} is not available; got {', '.join(names)}, "
                f"available are {', '.join(allowed)}.{hint}"
            )
    if len(set(names)) != len(names):
        raise ValueError(f"a {what} stands twice in {', '.join(names)}; name each once")
    return names


def to_x_fe(values, covariance, names):
    """Turn [X/H] labels into [X/Fe], covariance included; other labels stay.

    values (n_stars, n_labels); covariance (n_stars, n_labels, n_labels) or None; names
    must contain ``fe_h``, which itself stays [Fe/H]. Returns values, covariance, names.
    Raises ValueError without it.

    >>> to_x_fe(np.array([[0.3, 0.1]]), None, ("mg_h", "fe_h"))[::2]
    (array([[0.2, 0.1]]), ('mg_fe', 'fe_h'))
    """
    names = tuple(names)
    if "fe_h" not in names:
        raise ValueError(
            f"there is no fe_h among {', '.join(names)}, which [X/Fe] is counted from. "
            "Add it, or keep the labels as [X/H]."
        )
    change, renamed = relative_to_iron(names)
    values = np.asarray(values) @ change.T
    if covariance is not None:
        covariance = change @ np.asarray(covariance) @ change.T
    return values, covariance, renamed


def relative_to_iron(names) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the matrix that makes [X/Fe] of [X/H], and the names it makes of them.

    The identity (n_labels, n_labels) with -1 in the column of ``fe_h``; without
    ``fe_h`` the identity, and the names as they are.

    >>> relative_to_iron(("mg_h", "fe_h"))
    (array([[ 1., -1.],
           [ 0.,  1.]]), ('mg_fe', 'fe_h'))
    """
    matrix, renamed = np.eye(len(names)), list(names)
    if "fe_h" in renamed:
        iron = renamed.index("fe_h")
        for row, name in enumerate(names):
            if name.endswith("_h") and name not in {"fe_h", "m_h"}:
                matrix[row, iron] = -1.0
                renamed[row] = f"{name[:-2]}_fe"
    return matrix, tuple(renamed)
