"""Training: a trainer for each method, the loop that drives it, the run on disk."""

import importlib

_HOME = {
    "Run": "stellar_gui.training.run",
    "Status": "stellar_gui.training.run",
    "Trainer": "stellar_gui.training.trainer",
    "choose_device": "stellar_gui.training.device",
    "train": "stellar_gui.training.loop",
}

__all__ = list(_HOME)


def __getattr__(name):
    """Import a public name when it is first used: runs are listed without torch."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
