"""The physics simulator: labels -> spectrum, and the surveys made with it."""

import importlib

_HOME = {
    "LineList": "stellar_gui.synthesis.lines",
    "Synthesiser": "stellar_gui.synthesis.synthesiser",
    "read_line_list": "stellar_gui.synthesis.lines",
    "write_line_list": "stellar_gui.synthesis.lines",
}

__all__ = ["LineList", "Synthesiser", "read_line_list", "write_line_list"]


def __getattr__(name):
    """Import the simulator when it is first used: a list of lines needs none of it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
