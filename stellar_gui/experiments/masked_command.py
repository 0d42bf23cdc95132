"""``stellar-gui experiment masked-lines``: options in, tables and files out."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stellar_gui.paths import sample_data

_RATES = (
    "own element",
    "own element, top 3",
    "true physics' element",
    "own element, not iron",
)


def add_options(parser: ArgumentParser) -> None:
    """Add the options of the command; imports nothing heavy."""
    parser.add_argument("--share", type=float, default=0.3, help="of features masked")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, help="of each training; default: preset's")
    parser.add_argument("--stars", type=int, default=6000, help="observed, to train on")
    parser.add_argument("--emulator", type=Path, help="a Payne; default: the sample's")
    parser.add_argument("--out", type=Path, help="write all figures here, as JSON")
    parser.add_argument("--device", default="auto")


def run_command(options: Namespace, tell: Callable[[str], None]) -> None:
    """Run the experiment for every seed and tell its tables."""
    from stellar_gui.experiments.masked_lines import MaskedRequest, run_masked_lines
    from stellar_gui.models import load_model

    file = options.emulator or sample_data() / "models" / "payne.safetensors"
    request = MaskedRequest(options.share, options.steps, options.stars, options.device)
    emulator, results = load_model(file), []
    for seed in options.seeds:
        results.append(run_masked_lines(emulator, request, seed, tell))
        for line in result_lines(results[-1]):
            tell(line)
    for line in median_lines(results):
        tell(line)
    if options.out is not None:
        plain = [to_plain(result) for result in results]
        options.out.write_text(json.dumps(plain, indent=1), encoding="utf-8")
        tell(f"wrote {options.out}")


def figures(result) -> dict[str, tuple[float, float | None, float | None]]:
    """Return each figure of a result: title -> value, baseline, ceiling."""
    found = result.attribution
    ceiling = found.ceiling.value
    return {
        "own element": (found.own.value, found.iron_own, ceiling),
        "own element, top 3": (found.own_top3.value, None, None),
        "true physics' element": (found.physics.value, found.iron_physics, 1.0),
        "own element, not iron": (found.not_iron.value, 0.0, None),
        "derivatives: relative error": (result.derivative_error, 1.0, 0.0),
        "derivatives: correlation": (result.derivative_correlation, 0.0, 1.0),
        "gap closed": (result.gap, result.shift, 1.0),
        "gap with another's z_split": (result.swapped, result.shift, 1.0),
        "labels in z_split, mean R²": (result.leak, 0.0, 0.0),
    }


def result_lines(result) -> list[str]:
    """One seed's figures as lines of text, rates with their intervals."""
    others = {k: v for k, v in figures(result).items() if k not in _RATES}
    return [f"seed {result.seed}", *result.attribution.lines(), *_table(others)]


def median_lines(results) -> list[str]:
    """The median of all seeds, figure by figure."""
    every = [figures(result) for result in results]
    median = {
        title: tuple(
            None if values[0] is None else float(np.nanmedian(values))
            for values in zip(*(found[title] for found in every), strict=True)
        )
        for title in every[0]
    }
    return [f"median of {len(results)} seeds", *_table(median)]


def _table(rows):
    texts = [f"{'':<30}{'value':>8}{'baseline':>10}{'ceiling':>9}"]
    for title, numbers in rows.items():
        cells = ["" if x is None else f"{x:.3f}" for x in numbers]
        texts.append(f"{title:<30}{cells[0]:>8}{cells[1]:>10}{cells[2]:>9}".rstrip())
    return texts


def to_plain(result) -> dict[str, Any]:
    """Return a result in values that JSON has, its derivatives included."""
    features = result.features
    return {
        "seed": result.seed,
        "figures": {title: list(values) for title, values in figures(result).items()},
        "elements": list(result.elements),
        "lines": {
            "pixel": features.pixel.tolist(),
            "element": features.element.tolist(),
            "depth": features.depth.tolist(),
        },
        "recovered": result.recovered.tolist(),
        "true": result.true.tolist(),
    }
