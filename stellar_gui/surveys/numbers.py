"""Numbers: the tables behind the pictures of a survey, and all its fits in one."""

from collections.abc import Mapping

import numpy as np
from astropy.table import Column, Table, vstack

from stellar_gui import __version__
from stellar_gui.analysis.agreement import Labels
from stellar_gui.analysis.anomaly import Anomalies
from stellar_gui.labels import describe
from stellar_gui.surveys.fits import SurveyFits
from stellar_gui.surveys.pixels import Pixels
from stellar_gui.surveys.table import survey_table
from stellar_gui.surveys.triage import Triage

_UNITS = ("K", "dex", "km/s")
_BLOCK = 256  # stars summed at a time


def key_of(name: str) -> str:
    """Return a model's name as part of a column's name.

    >>> key_of("Cycle-StarNet 2")
    'cycle_starnet_2'
    """
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def all_fits_table(
    fits: Mapping[str, SurveyFits],
    triage: Triage | None = None,
    anomalies: Anomalies | None = None,
    **provenance,
) -> Table:
    """Return `survey_table` of several models below each other, one row a star and
    model; fits by model name. provenance goes into the metadata."""
    tables, origins = [], {}
    for name, one in fits.items():
        table = survey_table(one, triage, anomalies)
        table.add_column(Column([name] * len(one), name="model"), index=1)
        origins[name], table.meta = dict(table.meta), {}
        tables.append(table)
    whole = vstack(tables)
    whole.meta = {"stellar_gui": __version__, "models": origins, **provenance}
    return whole


def labels_table(ids, inferred: Labels, reference: Labels | None) -> Table:
    """Return one row a star: every label with its sigma, beside its reference.

    ids (n_stars,); NaN where a star has no converged fit or no reference.
    """
    table = Table({"id": np.asarray(ids).astype(str)})
    for name in inferred.names:
        unit = describe(name).unit
        unit = unit if unit in _UNITS else None
        columns = {"": inferred}
        if reference is not None and name in reference.names:
            columns["reference_"] = reference
        for before, labels in columns.items():
            values, sigma = labels.column(name)
            table[f"{before}{name}"] = Column(values, unit=unit)
            table[f"{before}{name}_sigma"] = Column(sigma, unit=unit)
    table.meta = {"stellar_gui": __version__}
    return table


def pixels_table(wavelength, medium: str, counted: Mapping[str, Pixels]) -> Table:
    """Return one row a pixel: stars, mean, standard deviation and median by each model.

    wavelength (n_pixels,) Angstrom; counted by model name. The metadata have the
    numbers of all pixels together.
    """
    table = Table()
    table["wavelength"] = Column(wavelength, unit="Angstrom", description=medium)
    overall = {}
    for name, pixels in counted.items():
        key, density = key_of(name), pixels.density
        table[f"{key}_n_stars"] = density.n_stars
        table[f"{key}_mean"] = density.mean
        table[f"{key}_std"] = density.std
        table[f"{key}_median"] = pixels.median
        overall[name] = {"residual": pixels.which, **density.overall._asdict()}
    table.meta = {"stellar_gui": __version__, "all_pixels": overall}
    return table


def stack_table(ids, sorted_by: str, sort_values, values) -> Table:
    """Return the stars of a stack in its order, with the size of their residuals.

    ids, sort_values (n_stars,); values (n_stars, n_pixels), NaN counts nowhere; of a
    star without any the sizes are NaN.
    """
    starts = range(0, len(values), _BLOCK)
    parts = [_sums(values[start : start + _BLOCK]) for start in starts]
    n_pixels, total, squares = np.concatenate([np.zeros((3, 0)), *parts], axis=1)
    count = np.where(n_pixels > 0, n_pixels, np.nan)
    table = Table({"id": np.asarray(ids).astype(str)})
    table[sorted_by.replace(":", "_")] = np.asarray(sort_values, dtype=float)
    table["mean_residual"] = total / count
    table["rms_residual"] = np.sqrt(squares / count)
    table["n_pixels"] = n_pixels.astype(int)
    table.meta = {"stellar_gui": __version__}
    return table


def _sums(values):
    """How many values each star has, their sum and that of their squares, (3, n)."""
    values = np.asarray(values, dtype=np.float32)
    known = np.isfinite(values)
    filled = np.where(known, values, np.float32(0.0))
    return np.stack([known.sum(axis=1), filled.sum(axis=1), (filled**2).sum(axis=1)])
