"""``stellar-gui maps``: lay out maps of both domains ahead, and print how they mix."""

import argparse
from pathlib import Path

from stellar_gui.maps import MapSettings
from stellar_gui.pruning import SENTENCE, prune


def add_maps(commands) -> None:
    """Add the command."""
    command = commands.add_parser(
        "maps",
        help="lay synthetic and observed stars out, and print how they mix",
        epilog=SENTENCE,
    )
    command.set_defaults(run_command=_maps)
    command.add_argument(
        "--data", type=Path, help="observed spectra; default: the sample survey's"
    )
    command.add_argument(
        "--model", type=Path, help="a Cycle-StarNet; default: the sample survey's"
    )
    settings = MapSettings()
    command.add_argument("--stars", choices=("test", "all"), default=settings.stars)
    for name in ("perplexity", "n_stars", "seed"):
        value = getattr(settings, name)
        option = f"--{name.replace('_', '-')}"
        command.add_argument(
            option, type=type(value), default=value, help=f"default: {value}"
        )
    command.add_argument(
        "--out",
        type=Path,
        help="folder of the file; default: where the application looks for it",
    )


def _maps(arguments: argparse.Namespace) -> None:
    # torch takes seconds to import, and --help should not
    from stellar_gui.io import read_spectra
    from stellar_gui.maps.request import MapRequest
    from stellar_gui.maps.store import Maps, write_shipped
    from stellar_gui.maps.worker import laid_out
    from stellar_gui.models import load_model
    from stellar_gui.paths import sample_data

    if arguments.out is None:
        prune()
    survey, models = sample_data() / "survey", sample_data() / "models"
    settings = MapSettings(
        perplexity=arguments.perplexity,
        stars=arguments.stars,
        n_stars=arguments.n_stars,
        seed=arguments.seed,
    )
    request = MapRequest(
        load_model(arguments.model or models / "cycle_starnet.safetensors"),
        read_spectra(arguments.data or survey / "observed.h5"),
        settings,
    )
    store = Maps()
    maps = laid_out(store.compute(request), settings)
    if arguments.out is None:
        path = store.keep(maps)
    else:
        path = write_shipped(arguments.out, maps)
    for note in maps.notes:
        print(note)
    print(settings.words(len(maps["raw"].ids)))
    print(f"{'':12}{'mixing':>8}{'±':>8}{'shuffled':>10}{'seconds':>9}")
    for space, one in maps.items():
        value, error, shuffled = one.mixing
        print(f"{space:12}{value:8.3f}{error:8.3f}{shuffled:10.3f}{one.seconds:9.1f}")
    print(f"{path} ({path.stat().st_size / 1000:.0f} kB)")
