"""``stellar-gui experiment laboratory``: options in, tables and files out."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stellar_gui.experiments.trial import SHARES, STARS, STEPS, Trial
from stellar_gui.experiments.verdict import verdict

_TOLD_EVERY = 500  # steps


def add_options(parser: ArgumentParser) -> None:
    """Add the options of the command; imports nothing heavy."""
    low, high = SHARES
    parser.add_argument(
        "--share", type=float, default=high, help=f"of lines hidden, {low} to {high}"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--stars", type=int, default=STARS, help="observed, to train on"
    )
    parser.add_argument("--steps", type=int, default=STEPS, help="of each training")
    parser.add_argument("--out", type=Path, help="write all that was found, as JSON")
    parser.add_argument("--lines", type=Path, help="write a line-list stub, as ECSV")


def run_command(options: Namespace, tell: Callable[[str], None]) -> None:
    """Carry a trial out, or go on with it, and tell what was found."""
    from stellar_gui.experiments.laboratory_chain import carry_out
    from stellar_gui.experiments.line_stub import stub_text

    trial = Trial(options.share, options.seed, options.stars, options.steps)
    tell(f"run folder {trial.folder}")
    findings = carry_out(trial, _teller(tell))
    for line in finding_lines(findings):
        tell(line)
    if options.out is not None:
        options.out.write_text(json.dumps(findings, indent=1), encoding="utf-8")
        tell(f"wrote {options.out}")
    if options.lines is not None:
        options.lines.write_text(stub_text(findings), encoding="utf-8")
        tell(f"wrote {options.lines}")


def _teller(tell):
    """A report that says each stage once, and a training now and then."""
    told: set[tuple[str, int]] = set()

    def report(done, total, words):
        stage = words.partition(":")[0], int(done // _TOLD_EVERY)
        if stage not in told:
            told.add(stage)
            tell(words)

    return report


def finding_lines(findings: Mapping[str, Any]) -> list[str]:
    """What was found, as lines of text, each share beside its yardstick."""
    reference, named = findings["reference"], findings["named"]
    plain = findings["without_network"]
    n_candidates, n_hidden = len(findings["candidates"]), findings["n_hidden"]
    lines = [
        f"{n_candidates} candidates, {n_hidden} lines hidden",
        f"{'':<26}{'transfer':>18}{'mean difference':>20}",
        *(
            f"{name:<26}{_share(findings[name]):>18}{_share(plain[name]):>20}"
            for name in ("precision", "recall")
        ),
    ]
    if reference is not None:
        lines.append(
            f"with nothing hidden {reference['candidates']} of {reference['dips']} "
            f"dips are candidates: {_share(reference['rate'])}"
        )
    if named is not None:
        lines += ["elements of the hidden lines that were found", *named["text"]]
    said = [sentence.text for sentence in verdict(findings)]
    return [*lines, *_confusion(findings["confusion"]), *said]


def _share(rate):
    if rate["value"] is None:
        return "unknown"
    return f"{rate['value']:.2f} ({rate['low']:.2f}-{rate['high']:.2f})"


def _confusion(table):
    head = f"{'own, given':<12}" + "".join(f"{name:>4}" for name in table["given"])
    rows = zip(table["own"], table["count"], strict=True)
    return [
        head,
        *(f"{own:<12}" + "".join(f"{n:>4}" for n in row) for own, row in rows),
    ]
