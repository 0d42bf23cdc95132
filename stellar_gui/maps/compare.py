"""Two groups of points of the maps: which spectra they compare, and what differs.

Observed spectra where both groups have enough of them, else synthetic ones; all of them
only if the groups share no domain, when the difference is one of domains too.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.groups import LEAST, Group, composition, difference
from stellar_gui.maps.points import MapPoints
from stellar_gui.maps.spaces import DomainSets

WHICH = {"obs": "observed", "synth": "synthetic", "all": "observed and synthetic"}
"""What is compared, in words."""


class Comparison(NamedTuple):
    """Median of A less that of B, (n_pixels,), with its error; what was compared.

    rows_a, rows_b: the points that count, of both or of one domain.
    """

    value: np.ndarray
    error: np.ndarray
    group_a: Group
    group_b: Group
    rows_a: np.ndarray
    rows_b: np.ndarray
    which: str  # key of `WHICH`
    warning: str  # empty if the groups are of the same domains


def compare(sets: DomainSets, points: MapPoints, rows_a, rows_b=()) -> Comparison:
    """Compare the points of two groups; without a B, A with all others.

    rows_a, rows_b (m,): of ``points``. A point of both counts in A alone. Raises
    ValueError for groups of fewer than ``groups.LEAST`` stars.
    """
    rows_a = np.asarray(rows_a, dtype=int)
    others = np.asarray(rows_b, dtype=int)
    rows_b = others if len(others) else np.arange(len(points.ids))
    rows_b = np.setdiff1d(rows_b, rows_a)
    which, warning = _domain_of(points, rows_a, rows_b), ""
    if which == "all":
        domain = points.is_obs.astype(int)
        names = np.array(["synth", "obs"])[domain]
        warning = composition(names[rows_a], names[rows_b]).sentence
    else:
        counts = points.is_obs == (which == "obs")
        rows_a, rows_b = rows_a[counts[rows_a]], rows_b[counts[rows_b]]
    group_a, group_b = (_group(sets, points, rows) for rows in (rows_a, rows_b))
    value, error = difference(group_a, group_b)
    return Comparison(value, error, group_a, group_b, rows_a, rows_b, which, warning)


def _domain_of(points, rows_a, rows_b):
    for which in ("obs", "synth"):
        of = points.is_obs == (which == "obs")
        if min(of[rows_a].sum(), of[rows_b].sum()) >= LEAST:
            return which
    return "all"


def _group(sets, points, rows):
    n_synth = len(sets.synth_ids)
    synth, obs = rows[rows < n_synth], rows[rows >= n_synth] - n_synth
    flux = np.concatenate([sets.synthetic[synth], sets.observed[obs]])
    known = np.ones((len(synth), flux.shape[1]), dtype=bool)
    return Group(flux, np.concatenate([known, sets.good[obs]]))
