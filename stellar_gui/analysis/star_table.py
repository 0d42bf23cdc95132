"""Filter and sort stars by what is known of them, as the star list asks for it."""

import operator
import re
from collections.abc import Mapping, Sequence

import numpy as np

from stellar_gui.spectra import Spectra

_OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_NEARBY = 0.05  # of an axis; a click farther from every star picks none
_COMPARISON = re.compile(r"^(.+?)\s*(>=|<=|!=|=|>|<)\s*(.+)$")


def filter_stars(text: str, ids, columns, flagged) -> np.ndarray:
    """Return which stars pass every term of ``text``, bool (n_stars,).

    Terms stand between commas: a comparison such as ``snr > 60``, the word ``flag`` for
    stars with a flagged fit, or a part of the id. ids (n_stars,) text; columns maps a
    name to (n_stars,) numbers, NaN passes no comparison; flagged (n_stars,) bool.
    Raises ValueError for an unknown column or a bound that is no number.

    >>> snr = {"snr": np.array([90.0, 30.0])}
    >>> filter_stars("snr > 60", np.array(["a", "b"]), snr, np.array([False, True]))
    array([ True, False])
    """
    chosen = np.ones(len(ids), dtype=bool)
    for term in filter(None, (part.strip() for part in text.split(","))):
        comparison = _COMPARISON.match(term)
        if comparison:
            chosen &= _compare(*comparison.groups(), columns)
        elif term.lower() in {"flag", "flags", "flagged"}:
            chosen &= flagged
        else:
            found = np.char.find(np.char.lower(np.asarray(ids)), term.lower())
            chosen &= found >= 0
    return chosen


def _compare(name, sign, bound, columns):
    known = {_plain(column): column for column in columns}
    if _plain(name) not in known:
        raise ValueError(
            f"there is no column {name!r}; expected one of {', '.join(columns)}"
        )
    try:
        bound = float(bound.replace("−", "-"))
    except ValueError:
        raise ValueError(
            f"{bound!r} is no number; expected a term such as {name} {sign} 60"
        ) from None
    values = np.asarray(columns[known[_plain(name)]], dtype=float)
    return _OPERATORS[sign](values, bound) & np.isfinite(values)


def _plain(name):
    """[Mg/H], mg_h and "Mg H" are one name."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def sort_stars(rows, values, *, descending: bool = False) -> np.ndarray:
    """Return ``rows`` ordered by ``values[rows]``; equal ones keep their order.

    values (n_stars,) numbers or text; stars without a number come last either way.

    >>> sort_stars([0, 1, 2], np.array([2.0, np.nan, 1.0]), descending=True)
    array([0, 2, 1])
    """
    rows = np.asarray(rows, dtype=int)
    values = np.asarray(values)[rows]
    if values.dtype.kind == "f":
        unknown = np.isnan(values)
        order = np.lexsort((-values if descending else values, unknown))
    else:
        order = np.argsort(values, kind="stable")
        order = order[::-1] if descending else order
    return rows[order]


def nearest_star(
    columns: Mapping[str, np.ndarray],
    position: Mapping[str, float],
    spans: Mapping[str, float],
    listed: np.ndarray | None = None,
) -> int | None:
    """Return the row of the star nearest to a position; None if none lies nearby.

    columns: name to (n_stars,) numbers; position and spans: value and length of each
    axis, by name; nearby is a twentieth of the axes. listed: bool (n_stars,), the stars
    that count; None: all.

    >>> columns = {"teff": np.array([5000.0, 4000.0])}
    >>> [nearest_star(columns, {"teff": t}, {"teff": 1e3}) for t in (4040.0, 4500.0)]
    [1, None]
    """
    if not set(position) <= set(columns):
        return None
    squared = sum(
        ((columns[name] - value) / spans[name]) ** 2 for name, value in position.items()
    )
    if listed is not None:
        squared = np.where(listed, squared, np.nan)
    if not (squared <= _NEARBY**2).any():
        return None
    return int(np.nanargmin(squared))


def star_columns(sets: Sequence[Spectra]) -> dict[str, np.ndarray]:
    """Return S/N and every label of all stars of several sets, (n_stars,) each.

    ``snr`` and the names of labels; NaN where unknown.
    """
    names = dict.fromkeys(name for part in sets for name in part.label_names)
    parts = {"snr": [_known_snr(part) for part in sets]}
    for name in names:
        parts[name] = [_label_or_nan(part, name) for part in sets]
    return {n: np.concatenate([*values, np.empty(0)]) for n, values in parts.items()}


def _known_snr(spectra):
    """S/N where a file states it or the pixels are in memory, else NaN."""
    stored = not isinstance(spectra.flux, np.ndarray)
    if stored and "snr" not in spectra.star_data:
        return np.full(len(spectra), np.nan)
    return spectra.snr()


def _label_or_nan(spectra, name):
    if name not in spectra.label_names:
        return np.full(len(spectra), np.nan)
    return spectra.label(name)
