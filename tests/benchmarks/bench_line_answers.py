"""Does "What is this line?" name the right element? Two sets with a known answer.

The sample survey: lines at least 0.1 deep in a test star, whose strongest absorber by
true physics is known. Each line is asked for once, at a test star drawn at random, by
the answers of the page: derivatives at the star's own fits. Lines that the synthetic
list lacks are counted apart: no model has learnt them. A model of few elements is asked
for lines of these alone.

The masked-lines set, where [X/Fe] scatter by 0.15 dex: derivatives that a transfer
recovered at lines which its emulator lacked (tests/data/masked_lines.md; ``--masked
FILE`` for those of another run of the experiment).

Bar, of both sets: of the lines of other elements, the share named rightly lies above
the whole interval of "always iron". Words must mean what they say.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import torch

from stellar_gui import fit_labels, load_model, paths, read_spectra
from stellar_gui.analysis.attribution import Rate, wilson
from stellar_gui.analysis.line_answer import VERDICTS, LineAnswer, answer
from stellar_gui.analysis.nearby_lines import star_lines
from stellar_gui.analysis.seen import as_seen
from stellar_gui.analysis.sensitivity import sensitivity
from stellar_gui.labels import describe
from stellar_gui.synthesis.atmosphere import atmosphere_from_labels
from stellar_gui.synthesis.elements import SYMBOLS
from stellar_gui.synthesis.imperfections import transitions
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.reach import unblended_depths
from stellar_gui.synthesis.truth import read_truth

MODELS = ("cannon", "payne", "cycle_starnet")
STARS, DEEP = 32, 0.1
MASKED = Path(__file__).resolve().parents[1] / "data" / "masked_lines.json"
AT_LEAST = {"clear": 0.9, "likely": 0.8, "ambiguous": 0.7, "blend": 0.5}
"""What the words promise."""


class TrueLine(NamedTuple):
    """A line of the complete list that is the strongest absorber at its own pixel."""

    wavelength: float
    element: str
    star: int  # place among the stars
    missing: bool  # from the synthetic list


def true_lines(truth, spectra, rng) -> list[TrueLine]:
    """Draw a star for each line, and keep lines that are the strongest there.

    truth, spectra: of the same stars. Depths are those of true physics, of each line as
    if alone.
    """
    listed = bundled_lines()
    lines = listed.replace(log_gf=listed.log_gf + truth.changes.log_gf)
    number = transitions(lines)
    first = np.unique(number, return_index=True)[1]
    depths = np.array([_depths(lines, number, x) for x in truth.spectra.labels])
    at = np.bincount(number, lines.max_depth * lines.wavelength)
    at = at / np.bincount(number, lines.max_depth)
    sigma = at / spectra.resolution / 2.3548
    grid, found = spectra.wavelength, []
    for k in np.flatnonzero(depths.max(axis=0) >= DEEP):
        star = int(rng.integers(len(depths)))
        here = np.abs(at - at[k]) < 3 * sigma[k]
        seen = depths[star] * np.exp(-0.5 * ((at - at[k]) / sigma[k]) ** 2) * here
        inside = np.abs(grid - at[k]).min() < np.diff(grid).min()
        if inside and depths[star, k] >= DEEP and seen.argmax() == k:
            missing = bool(truth.changes.missing[first[k]])
            element = SYMBOLS[lines.z[first[k]]]
            found.append(TrueLine(float(at[k]), element, star, missing))
    return found


def _depths(lines, number, labels):
    """Central depth of each whole transition in a star, (n_transitions,)."""
    labels = torch.tensor(labels[None])
    with torch.no_grad():
        atmosphere = atmosphere_from_labels(labels)
        depth = unblended_depths(lines, atmosphere, labels[:, 2])[0].numpy()
    opacity = np.bincount(number, depth / (1.0 - np.minimum(depth, 0.99)))
    return opacity / (1.0 + opacity)


def ask(models, star, asked: list[TrueLine]) -> list[LineAnswer]:
    """Answer for lines of one star, a container of one, as the page does."""
    seen, labels, rv = {}, {}, 0.0
    for name, model in models.items():
        fit = fit_labels(model, star)
        nuisance = None if fit.nuisance is None else fit.nuisance[0]
        found = sensitivity(model, fit.labels[0], nuisance)
        rv = float(np.nan_to_num(fit.rv[0]))
        seen[name] = as_seen(found, star, rv)
        labels |= dict(zip(fit.label_names, fit.labels[0].tolist(), strict=True))
    lines = star_lines(bundled_lines(), labels, star.medium)
    return [
        answer(
            line.wavelength * (1 + rv / 299792.458),
            seen,
            lines,
            resolution=star.resolution,
            rv=rv,
        )
        for line in asked
    ]


def table(title: str, own, answers) -> Rate:
    """Print top-1 and top-3 rates; return top-1 of the lines of other elements.

    own: the element of each line; answers: elements of each, the first the likeliest.
    """
    own, other = np.array(own), np.array(own) != "Fe"
    first = np.array([a[:1] == [e] for a, e in zip(answers, own, strict=True)], bool)
    top3 = np.array([e in a[:3] for a, e in zip(answers, own, strict=True)], bool)
    iron = own == "Fe"
    print(f"{title}: {len(own)} lines, {other.sum()} of other elements than iron")
    for name, some in (("all lines", np.ones(len(own), bool)), ("not iron", other)):
        rates = [_text(wilson(right[some])) for right in (first, top3, iron)]
        print(f"  {name:<12}{rates[0]:>20}{rates[1]:>20}{rates[2]:>20}")
    return wilson(first[other])


def _text(rate: Rate) -> str:
    return f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


def check(title: str, rate: Rate, n_other: int, missed: list[str]) -> None:
    """Note a miss where a rate lies within the interval of "always iron"."""
    iron = wilson([False] * n_other)
    if not rate.value > iron.high:
        missed.append(
            f"{title}: {rate.value:.2f} of the lines of other elements, bar "
            f"{iron.high:.2f}"
        )


def judge_sample(missed: list[str]) -> None:
    """Score the answers on the sample survey's test stars."""
    folder = paths.sample_data()
    models = {n: load_model(folder / "models" / f"{n}.safetensors") for n in MODELS}
    observed = read_spectra(folder / "survey" / "observed.h5")
    marks = np.asarray(observed.star_data["split"]).astype(str)
    rng = np.random.default_rng(1)
    rows = np.sort(rng.choice(np.flatnonzero(marks == "test"), STARS, replace=False))
    truth = read_truth(folder / "survey" / "truth.h5")
    truth = truth._replace(spectra=truth.spectra[rows])
    asked = sorted(true_lines(truth, observed[rows], rng), key=lambda x: x.star)
    answers = []
    for k, row in enumerate(rows):
        own = [line for line in asked if line.star == k]
        answers += ask(models, observed[row], own)
    known = [k for k, line in enumerate(asked) if not line.missing]
    for name, model in models.items():
        elements = {describe(label).element for label in model.label_names} - {None}
        kept = [k for k in known if asked[k].element in elements]
        own = [asked[k].element for k in kept]
        ranked = [_elements(answers[k].rankings.get(name)) for k in kept]
        rate = table(f"{name}, lines of its {len(elements)} elements", own, ranked)
        if len(elements) > 3:
            check(name, rate, sum(e != "Fe" for e in own), missed)
    lost = [k for k, line in enumerate(asked) if line.missing]
    if lost:
        ranked = [_elements(answers[k].rankings.get("cycle_starnet")) for k in lost]
        table("not in the synthetic list", [asked[k].element for k in lost], ranked)
    judge_words([asked[k] for k in known], [answers[k] for k in known], missed)


def _elements(ranking):
    names = () if ranking is None else ranking.label_names
    return [e for e in (describe(name).element for name in names) if e]


def judge_words(asked, answers, missed: list[str]) -> None:
    """Print how often each word was right, all models together."""
    print("what the words are worth, all models together")
    for word in VERDICTS:
        right = [
            a.element == line.element
            for line, a in zip(asked, answers, strict=True)
            if a.verdict.word == word
        ]
        rate = wilson(right)
        print(f"  {word:<12}{len(right):>6}{_text(rate):>20}")
        if right and rate.value < AT_LEAST.get(word, 0.0):
            missed.append(f"{word}: {rate.value:.2f}, promised {AT_LEAST[word]:.2f}")


def judge_masked(path: Path, missed: list[str]) -> None:
    """Score the answers from the derivatives that a masked-lines run recovered."""
    for result in json.loads(path.read_text(encoding="utf-8")):
        elements = np.array(result["elements"])
        strength = np.abs(np.array(result["recovered"]))
        order = np.argsort(-strength, axis=1, kind="stable")
        own = result["lines"]["element"]
        title = f"masked lines, seed {result['seed']}"
        rate = table(title, own, [elements[row].tolist() for row in order])
        check(title, rate, sum(element != "Fe" for element in own), missed)


def main() -> None:
    """Print all rates; exit with a sentence where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--masked", type=Path, default=MASKED)
    masked = parser.parse_args().masked
    torch.set_num_threads(1)
    started, missed = time.monotonic(), []
    print(f"{'':<14}{'top 1':>20}{'top 3':>20}{'always iron':>20}")
    judge_sample(missed)
    judge_masked(masked, missed)
    print(f"{time.monotonic() - started:.0f} s, load average {os.getloadavg()[0]:.2f}")
    if missed:
        sys.exit("; ".join(missed))


if __name__ == "__main__":
    main()
