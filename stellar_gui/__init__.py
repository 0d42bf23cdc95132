"""stellar_gui: stellar spectra, the models that explain them, and their training.

>>> import stellar_gui
>>> stellar_gui.Spectra([5000.0, 5001.0], [[1.0, 0.9]], [[100.0, 0.0]]).n_pixels
2
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "Spectra": "stellar_gui.spectra",
    "read_spectra": "stellar_gui.io",
    "write_spectra": "stellar_gui.io",
    "Cannon": "stellar_gui.models",
    "Payne": "stellar_gui.models",
    "load_model": "stellar_gui.models",
    "save_model": "stellar_gui.models",
    "fit_labels": "stellar_gui.fitting",
    "FitResult": "stellar_gui.fitting",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name):
    """Import a public name when it is first used: torch alone takes seconds."""
    if name not in _HOME:
        raise AttributeError(f"module 'stellar_gui' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__():
    return sorted([*globals(), *_HOME])
