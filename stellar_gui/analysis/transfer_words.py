"""What the stored figures of a transfer say, in words: as good as which baseline.

Reads what `scores` and `label_errors` wrote into a model's provenance.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stellar_gui.analysis.label_errors import ErrorTable, LabelErrors, compare
from stellar_gui.analysis.scores import BAD, WARN, ScoreTable
from stellar_gui.labels import describe

TRANSFER = "transfer"
_ALIKE = 1.05  # ratio of rms within which two ways are as good as each other


def read_scores(provenance: Mapping[str, Any]) -> ScoreTable | None:
    """Return the scores that a model file keeps; None without any."""
    plain = provenance.get("scores")
    return None if plain is None else ScoreTable.from_plain(plain)


def read_errors(provenance: Mapping[str, Any]) -> ErrorTable | None:
    """Return the label errors that a model file keeps; None without any."""
    plain = provenance.get("label_errors")
    if plain is None:
        return None
    names = tuple(plain["label_names"])
    errors = {
        fit: LabelErrors(
            names,
            *(np.array(entry[k], float) for k in ("rms", "bias", "sd")),
            entry["n_stars"],
        )
        for fit, entry in plain["fits"].items()
    }
    return ErrorTable(errors, plain["reference"])


def verdict(scores: ScoreTable) -> str:
    """Return how many scores are as they should be, in a few words."""
    judged = [row for row in scores if row.state != "unknown"]
    failed = [row.title for row in judged if row.state == BAD]
    watched = [row.title for row in judged if row.state == WARN]
    if failed:
        return f"{len(failed)} of {len(judged)} scores failed: {', '.join(failed[:3])}"
    if watched:
        return f"{len(watched)} of {len(judged)} scores to watch: " + ", ".join(
            watched[:3]
        )
    return f"all {len(judged)} scores are healthy"


def comparisons(errors: ErrorTable) -> list[str]:
    """Return a sentence for each other way to labels: as good, better or worse.

    By the median over labels of the ratios of rms.

    >>> one, two = (LabelErrors(("teff",), *[np.array([x])] * 3, 9) for x in (1.0, 2.0))
    >>> (text,) = comparisons(ErrorTable({"transfer": one, "mean": two}, "mean"))
    >>> text.partition(", better in")[0]
    'mean: worse than the transfer, median rms 2.00 times its own'
    """
    if TRANSFER not in errors.errors:
        return []
    mine = errors.errors[TRANSFER]
    sentences = []
    for name, other in errors.errors.items():
        if name.startswith(TRANSFER):
            continue
        found = compare(other, mine)
        if found.median > _ALIKE:
            word = "worse than the transfer"
        elif found.median < 1 / _ALIKE:
            word = "better than the transfer"
        else:
            word = "as good as the transfer"
        sentences.append(
            f"{name}: {word}, median rms {found.median:.2f} times its own, better in "
            f"{found.n_better} of {len(found.ratio)} labels"
        )
    return sentences


def followed(zero_points: Mapping[str, Any]) -> list[str]:
    """Return how labels followed a retraining with another assumed distribution."""
    columns = (zero_points[k] for k in ("label_names", "shift", "followed"))
    sentences = []
    for name, shift, change in zip(*columns, strict=True):
        if shift:
            about = describe(name)
            unit = about.unit
            sentences.append(
                f"{about.title}: assumed {shift:+.{about.decimals}f} {unit}, labels of "
                f"the stars {change:+.{about.decimals}f} {unit}"
            )
    return sentences
