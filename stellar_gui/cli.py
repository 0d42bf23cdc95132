"""The command line: ``stellar-gui serve | sample | train | runs | fit | info | ...``.

Every command is a thin skin over one function; heavy imports wait until a command needs
them, so that ``--help`` answers at once.
"""

import argparse
import sys
from pathlib import Path

from stellar_gui import __version__, cli_survey
from stellar_gui.cli_maps import add_maps
from stellar_gui.cli_runs import add_devices, add_runs
from stellar_gui.cli_train import add_train
from stellar_gui.experiments import EXPERIMENTS

_TOLD = (
    ValueError,
    OSError,
    KeyError,
    RuntimeError,
    FloatingPointError,
    MemoryError,
    ImportError,
)
"""Errors that come with a sentence for the user."""


def main(argv=None) -> None:
    """Run the command that ``argv`` names; a user's mistake ends in one sentence."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run_command(arguments)
    except _TOLD as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        sys.exit(f"stellar-gui {arguments.command}: {text}")
    except KeyboardInterrupt:
        sys.exit("\nstopped")


def _parser():
    parser = argparse.ArgumentParser(
        prog="stellar-gui",
        description="Stellar spectra, the models that explain them, their training.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in _ADDED:
        add(commands)
    return parser


def _add_serve(commands):
    command = commands.add_parser("serve", help="open the application in a browser")
    command.add_argument(
        "files", nargs="*", type=Path, help="a survey or spectra to open, and models"
    )
    command.add_argument("--port", type=int, default=5006)
    command.add_argument("--address", default="127.0.0.1")
    command.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="name under which browsers reach the server; may be repeated",
    )
    command.add_argument("--show", action="store_true", help="open a browser window")
    command.set_defaults(run_command=_serve)


def _serve(arguments):
    from stellar_gui.app import serve

    serve(
        arguments.files,
        port=arguments.port,
        address=arguments.address,
        allow_origin=arguments.allow_origin,
        show=arguments.show,
    )


def _add_sample(commands):
    command = commands.add_parser("sample", help="make a sample survey from physics")
    command.add_argument("--out", type=Path, required=True, help="folder to write")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--workers", type=int, default=None, help="default: all cores")
    command.add_argument("--n-synthetic", type=int, default=None)
    command.add_argument("--n-observed", type=int, default=None)
    command.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="INGREDIENT",
        help="leave out one imperfection of the observed domain; may be repeated",
    )
    command.add_argument(
        "--set",
        dest="preset",
        choices=("default", "note"),
        default="default",
        help="note: the simpler sample of 15 labels for Cycle-StarNet experiments",
    )
    command.set_defaults(run_command=_sample)


def _sample(arguments):
    from stellar_gui.synthesis.survey import make_survey

    chosen = {
        name: getattr(arguments, name)
        for name in ("workers", "n_synthetic", "n_observed")
        if getattr(arguments, name) is not None
    }
    make_survey(
        arguments.out,
        seed=arguments.seed,
        without=tuple(arguments.without),
        preset=arguments.preset,
        **chosen,
    )
    print(f"wrote {arguments.out}")


def _add_experiment(commands):
    command = commands.add_parser(
        "experiment", help="whole chains of fits and training that end in a table"
    )
    named = command.add_subparsers(dest="experiment", required=True, metavar="NAME")
    for name, experiment in EXPERIMENTS.items():
        parser = named.add_parser(name, help=experiment.help)
        experiment.add_options(parser)
        parser.set_defaults(run_command=_experiment)


def _experiment(arguments):
    EXPERIMENTS[arguments.experiment].run_command(arguments, _tell)


def _add_survey(commands):
    command = commands.add_parser(
        "survey", help="fit a whole sample by every model, and say how well"
    )
    cli_survey.add_options(command)
    command.set_defaults(run_command=_survey)


def _survey(arguments):
    cli_survey.run_command(arguments, _tell)


def _tell(line):
    print(line, flush=True)


def _add_fit(commands):
    command = commands.add_parser("fit", help="measure labels of spectra with a model")
    command.add_argument("model", type=Path, help="a model file (.safetensors)")
    command.add_argument("spectra", type=Path, nargs="+", help="files of spectra")
    command.add_argument("--out", type=Path, required=True, help="ECSV to write")
    command.set_defaults(run_command=_fit)


def _fit(arguments):
    from stellar_gui.fitting.tables import fit_files

    table = fit_files(arguments.model, arguments.spectra, arguments.out)
    print(f"wrote {arguments.out}: {len(table)} stars")


def _add_info(commands):
    command = commands.add_parser("info", help="say what a file holds")
    command.add_argument("files", type=Path, nargs="+")
    command.set_defaults(run_command=_info)


def _info(arguments):
    from stellar_gui.io import read_spectra
    from stellar_gui.models import load_model

    for path in arguments.files:
        if path.suffix == ".safetensors":
            model = load_model(path)
            low, high = float(model.wavelength[0]), float(model.wavelength[-1])
            print(
                f"{path}: {model.kind}, {len(model.label_names)} labels "
                f"({' '.join(model.label_names)}), {len(model.wavelength)} pixels, "
                f"{low:.1f}-{high:.1f} Å ({model.medium})"
            )
            continue
        spectra = read_spectra(path)
        low, high = spectra.wavelength[0], spectra.wavelength[-1]
        print(
            f"{path}: {len(spectra)} stars, {spectra.n_pixels} pixels, "
            f"{low:.1f}-{high:.1f} Å ({spectra.medium}), "
            f"{'normalised' if spectra.normalised else 'not normalised'}, "
            f"labels {' '.join(spectra.label_names) or 'none'}"
        )


_ADDED = (
    _add_serve,
    _add_sample,
    add_train,
    add_runs,
    _add_survey,
    add_maps,
    _add_experiment,
    _add_fit,
    _add_info,
    add_devices,
)


if __name__ == "__main__":
    main()
