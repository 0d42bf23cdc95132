"""What the findings of a trial say, in sentences, for better or worse.

A short training may be no better than "always iron", and lines are found as well
without a network: where that is so, it is the first thing to be said.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

_FEW = 2  # false candidates that do not worry


class Sentence(NamedTuple):
    """kind: "ok", "warning" or "bad"."""

    kind: str
    text: str


def verdict(findings: Mapping[str, Any]) -> list[Sentence]:
    """Return what is to be said, the elements first, then the places.

    findings: of `findings.judge`.
    """
    if not findings["candidates"]:
        return [
            Sentence(
                "bad",
                "No candidate reaches the threshold: this training found nothing.",
            )
        ]
    found = [_elements(findings["named"]), _places(findings), _false(findings)]
    return [sentence for sentence in found if sentence is not None]


def percent(share: float, decimals: int = 0) -> str:
    """A share in per cent.

    >>> percent(0.654)
    '65 %'
    """
    return f"{100 * share:.{decimals}f} %"


def _elements(named):
    if named is None:
        return Sentence("bad", "No candidate is a hidden line.")
    own, iron, ceiling = named["own"], named["always_iron"], named["ceiling"]["value"]
    told = (
        f"Of the {named['n']} hidden lines found, {percent(own['value'])} are given "
        f"to their own element ({percent(own['low'])} to {percent(own['high'])})"
    )
    yardstick = f"the {percent(iron)} that \u201calways iron\u201d gets right"
    physics = (
        f"The true physics, which blends mislead, too, gets {percent(ceiling)} right: "
        "more is not to be expected of derivatives."
    )
    if own["low"] > iron:
        return Sentence("ok", f"{told}: more than {yardstick}. {physics}")
    if own["high"] < iron:
        return Sentence("bad", f"{told}: fewer than {yardstick}. {physics}")
    return Sentence(
        "warning", f"{told}: not to be told from {yardstick}. {_elsewhere(named)}"
    )


def _elsewhere(named):
    """What is known of the lines that are not iron's, where iron is always wrong."""
    rate, iron = named["not_iron"]["value"], named["always_iron_elsewhere"]["high"]
    if rate is not None and rate > iron:
        return (
            f"Of the lines of other elements {percent(rate)} are right, where "
            f"\u201calways iron\u201d gets none (at most {percent(iron)}): something "
            "is learnt, yet no single element is to be trusted."
        )
    return "Nothing says that these elements mean anything."


def _places(findings):
    plain, recall = findings["without_network"], findings["recall"]["value"]
    precision, simple = findings["precision"]["value"], plain["precision"]["value"]
    as_good = plain["recall"]["value"] >= recall and (simple or 0.0) >= precision
    told = (
        f"{percent(recall)} of the hidden lines are found and {percent(precision)} of "
        "the candidates are where lines were hidden"
    )
    beside = (
        f"the mean difference of the domains, without a network, finds "
        f"{percent(plain['recall']['value'])}"
    )
    if simple is not None:
        beside += f", and {percent(simple)} of what it finds is right"
    if as_good:
        return Sentence(
            "warning",
            f"{told}; {beside}. To find lines needs no network here: what it adds is "
            "the element.",
        )
    return Sentence("ok", f"{told}; {beside}.")


def _false(findings):
    reference = findings["reference"]
    if reference is None:
        return Sentence(
            "warning",
            "How many candidates are false is not known yet: the training in which "
            "nothing is hidden will tell.",
        )
    n, dips = reference["candidates"], reference["dips"]
    rate = reference["rate"]
    text = (
        f"In a training with nothing hidden {n} of {dips} dips pass for candidates "
        f"(at most {percent(rate['high'], 1)}); the deepest has "
        f"{reference['deepest']:.3f}"
    )
    if 2 * n >= len(findings["candidates"]):
        return Sentence("bad", f"{text}. Half of these candidates may be false.")
    by_depth = (
        f"Dips there reach {reference['most_significant']:.0f} times their error over "
        "stars, which knows nothing of what a training does by itself: it is the depth "
        "that tells."
    )
    return Sentence("ok" if n <= _FEW else "warning", f"{text}. {by_depth}")
