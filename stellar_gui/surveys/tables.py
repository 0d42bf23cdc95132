"""Tables of a survey: one row a star, or one a pixel, with units (ECSV)."""

import io
from collections.abc import Mapping

import numpy as np
from astropy.table import Column, Table

from stellar_gui import __version__
from stellar_gui.analysis.agreement import Labels
from stellar_gui.analysis.anomaly import Anomalies
from stellar_gui.labels import describe
from stellar_gui.surveys.fits import SurveyFits
from stellar_gui.surveys.pixels import Pixels
from stellar_gui.surveys.triage import Decision

_UNITS = ("K", "dex", "km/s")


def key_of(name: str) -> str:
    """Return a model's name as part of a column's name.

    >>> key_of("Cycle-StarNet 2")
    'cycle_starnet_2'
    """
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def stars_table(
    ids,
    fits: Mapping[str, SurveyFits],
    labels: Mapping[str, Labels],
    reference: Labels | None = None,
    anomalies: Anomalies | None = None,
    decisions: Mapping[str, Decision] | None = None,
    **facts,
) -> Table:
    """Return one row a star: decision, anomaly, reference, and labels by every model.

    ids (n_stars,), decisions by id; fits and labels by model name: labels as they are
    shown, NaN where a fit did not converge. ``facts`` go into the table's metadata.
    """
    table = Table({"id": np.asarray(ids).astype(str)})
    _add_decisions(table, anomalies, decisions or {})
    if reference is not None:
        _add_labels(table, "reference", reference)
    for name, fit in fits.items():
        key = key_of(name)
        _add_labels(table, key, labels[name])
        table[f"{key}_rv"] = Column(fit.rv, unit="km/s", description="receding: > 0")
        table[f"{key}_reduced_chi2"] = fit.reduced_chi2
        table[f"{key}_converged"] = fit.converged
        table[f"{key}_notes"] = [fit.why(k) or _flags(fit, k) for k in range(len(fit))]
    models = {name: fit.facts["model"] for name, fit in fits.items()}
    table.meta = {"stellar_gui": __version__, "models": models, **facts}
    return table


def _flags(fit, row):
    from stellar_gui.fitting.result import FitFlag

    return "; ".join(FitFlag(int(fit.flags[row])).sentences)


def _add_decisions(table, anomalies, decisions):
    found = [decisions.get(str(star), Decision()) for star in table["id"]]
    table["decision"] = [decision.verdict for decision in found]
    table["note"] = [decision.note for decision in found]
    if anomalies is not None:
        about = "-log10 of the chance that a usual star is so strange"
        table["anomaly"] = Column(anomalies.score, description=about)
        table["why"] = np.asarray(anomalies.words).astype(str)


def _add_labels(table, key, labels):
    for name in labels.names:
        values, sigma = labels.column(name)
        unit = describe(name).unit
        unit = unit if unit in _UNITS else None
        table[f"{key}_{name}"] = Column(values, unit=unit)
        if np.isfinite(sigma).any():
            table[f"{key}_{name}_sigma"] = Column(sigma, unit=unit)


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

    ids, sort_values (n_stars,); values (n_stars, n_pixels), NaN counts nowhere.
    """
    values = np.asarray(values, dtype=np.float32)
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=1), 1)
    filled = np.where(known, values, 0.0)
    table = Table({"id": np.asarray(ids).astype(str)})
    table[sorted_by.replace(":", "_")] = np.asarray(sort_values, dtype=float)
    table["mean_residual"] = filled.sum(axis=1) / count
    table["rms_residual"] = np.sqrt(np.square(filled).sum(axis=1) / count)
    table["n_pixels"] = known.sum(axis=1)
    table.meta = {"stellar_gui": __version__}
    return table


def as_text(table: Table) -> str:
    """Return a table as the text of an ECSV file."""
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    return text.getvalue()
