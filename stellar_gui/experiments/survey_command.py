"""``stellar-gui experiment survey``: options in, tables and files out."""

import json
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from stellar_gui.paths import sample_data


def add_options(parser: ArgumentParser) -> None:
    """Add the options of the command; imports nothing heavy."""
    parser.add_argument("--data", type=Path, help="survey folder; default: the sample")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--anchors",
        type=int,
        default=30,
        help="training stars whose labels are trusted for zero points; 0 for none",
    )
    parser.add_argument(
        "--anchor-labels",
        choices=("true", "catalogue"),
        default="true",
        help="labels of the anchors: the true ones, where the truth is known, as the "
        "Cannon gets them, or the file's with their errors",
    )
    parser.add_argument("--preset", choices=("demo", "paper"), default="demo")
    parser.add_argument("--steps", type=int, help="of the training; default: preset's")
    parser.add_argument("--stars", type=int, help="test stars at most; default: all")
    parser.add_argument(
        "--emulator", type=Path, help="a Payne; default: the sample's, or a new one"
    )
    parser.add_argument(
        "--continuum-degree",
        type=int,
        default=2,
        help="of the polynomial fitted to each piece beside the emulator's labels",
    )
    parser.add_argument(
        "--shift",
        nargs="+",
        default=[],
        metavar="LABEL=NUMBER",
        help="shift the assumed labels, train again and show what follows",
    )
    parser.add_argument("--run", type=Path, help="work folder; default: a new one")
    parser.add_argument("--out", type=Path, help="write the model here, scores beside")
    parser.add_argument("--device", default="auto")


def run_command(options: Namespace, tell: Callable[[str], None]) -> None:
    """Run the experiment and tell its tables; see `survey.run_survey`."""
    from stellar_gui.experiments.survey import Request, run_survey
    from stellar_gui.training.run import new_folder

    if options.out is not None and not options.out.resolve().parent.is_dir():
        raise FileNotFoundError(
            f"the folder {options.out.parent} for the model does not exist; make it "
            "first"
        )
    folder = options.data or sample_data() / "survey"
    request = Request(
        folder=str(folder.resolve()),
        emulator=None if options.emulator is None else str(options.emulator.resolve()),
        seed=options.seed,
        anchors=options.anchors,
        anchor_labels=options.anchor_labels,
        preset=options.preset,
        steps=options.steps,
        degree=options.continuum_degree,
        stars=options.stars,
        device=options.device,
    )
    work = options.run or new_folder("survey")
    tell(f"work folder {work}")
    _, result = run_survey(request, work, shift=options.shift, tell=tell)
    for line in result.lines():
        tell(line)
    report = work / "survey.json"
    report.write_text(json.dumps(result.to_plain(), indent=1), encoding="utf-8")
    if options.out is not None:
        shutil.copyfile(work / "cycle_starnet.safetensors", options.out)
        shutil.copyfile(report, options.out.with_suffix(".json"))
        tell(f"wrote {options.out} and {options.out.with_suffix('.json').name}")
