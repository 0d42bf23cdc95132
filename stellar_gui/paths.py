"""Where the files of the project lie: assets, sample data, training runs, a cache.

In a checkout ``assets/`` and ``sample_data/`` stand beside the package; an installed
wheel carries them inside it.
"""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    for parent in (_PACKAGE, _PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(
        f"the folder {name!r} is neither in nor beside {_PACKAGE}; "
        "the installation is incomplete: install stellar_gui again"
    )


def assets() -> Path:
    """The folder of style sheets, texts and the synthesiser's data."""
    return _shipped("assets")


def sample_data() -> Path:
    """The folder of the sample survey, its models and the example spectra."""
    return _shipped("sample_data")


def runs() -> Path:
    """The folder of training runs: $STELLAR_GUI_RUNS, else the user's data folder."""
    chosen = os.environ.get("STELLAR_GUI_RUNS")
    return Path(chosen) if chosen else user_data_path("stellar_gui") / "runs"


def cache() -> Path:
    """The folder of what can be computed again: $STELLAR_GUI_CACHE, else the user's."""
    chosen = os.environ.get("STELLAR_GUI_CACHE")
    return Path(chosen) if chosen else user_cache_path("stellar_gui")
