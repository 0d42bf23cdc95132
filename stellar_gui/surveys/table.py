"""Tables of a survey: fits, how strange each star is, and what was decided on it."""

import datetime

import numpy as np
from astropy.table import Column, Table

from stellar_gui.analysis.anomaly import Anomalies
from stellar_gui.fitting.tables import result_table
from stellar_gui.io.ecsv import table_text as table_text  # beside its tables
from stellar_gui.surveys.fits import SurveyFits
from stellar_gui.surveys.triage import Decision, Triage


def survey_table(
    fits: SurveyFits,
    triage: Triage | None = None,
    anomalies: Anomalies | None = None,
    **provenance,
) -> Table:
    """Return a table of all stars of a sample, one row each, in its order.

    Decision and note stand before the fit; stars without a fit have NaN and, in
    ``no_fit``, the reason. provenance (survey, model, ...) goes into the metadata, with
    the fingerprints of data and model.
    """
    table = result_table(fits, fits.ids, **fits.facts, **provenance)
    table["no_fit"] = np.where(fits.done, fits.sentences.astype(str), "not fitted yet")
    table["snr"] = Column(fits.snr, description="per pixel")
    decisions = triage.decisions() if triage is not None else {}
    of_star = [decisions.get(star, Decision()) for star in fits.ids.tolist()]
    front = {
        "decision": [decision.verdict for decision in of_star],
        "note": [decision.note for decision in of_star],
        "decided": [_written(decision.made) for decision in of_star],
    }
    if anomalies is not None:
        front |= {
            "anomaly": anomalies.score,
            "why": anomalies.words.astype(str),
        }
    for place, (name, values) in enumerate(front.items(), start=1):
        table.add_column(Column(values, name=name), index=place)
    return table


def _written(seconds):
    """A time as ISO 8601 in UTC; empty for 0."""
    if not seconds:
        return ""
    when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return when.isoformat(timespec="seconds")
