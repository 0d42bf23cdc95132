"""How large a new run will be, in words: what it learns and the memory it takes."""

from collections.abc import Mapping

import psutil

from stellar_gui.plots.style import NOTHING, number
from stellar_gui.training.options import with_defaults
from stellar_gui.training.size import PROGRAM, SIZES, DataSize, Size

_GB = 2**30
_ABOUT = "An estimate, within a factor of two on a CPU: "


def size_of(
    method: str, options: Mapping, data: DataSize | None, of_cycle
) -> Size | None:
    """Return the size of a run; None if it is not known yet, or there is none.

    options: as `Request.checked` gives them; of_cycle: what tells that of a
    Cycle-StarNet, None until it is imported.
    """
    sizes = SIZES | {"cycle-starnet": of_cycle}
    if data is None or sizes[method] is None:
        return None
    try:
        return sizes[method](with_defaults(method, options), data)
    except ValueError:  # spectra that the networks cannot take: the run will say so
        return None


def size_facts(size: Size | None, device=None) -> list[list[str]]:
    """Return rows of name, value and explanation.

    device: the GPU that is meant, as `training.launch.find_devices` lists them, which
    holds all but the program; None for the processor.
    """
    if size is None:
        return [["parameters", NOTHING, ""], ["memory", NOTHING, ""]]
    parts = {
        "the program": PROGRAM if device is None else 0,
        "spectra and copies of them": size.data,
        "weights, gradients, optimiser and a checkpoint": size.weights,
        "the largest step or validation": size.step,
    }
    told = [f"{text} {_amount(part)}" for text, part in parts.items() if part]
    return [
        ["parameters", _many(size.parameters), f"{number(size.parameters)} are learnt"],
        ["memory", _of(sum(parts.values()), device), f"{_ABOUT}{', '.join(told)}."],
    ]


def _of(needed, device):
    there = getattr(device, "memory", None) or psutil.virtual_memory().total
    return f"about {_amount(needed, there)} of {_amount(there)}"


def _amount(size, like=None):
    """Bytes as text; the unit is left out where one of ``like`` bytes follows.

    >>> _amount(1.3e8), _amount(5.1e9), _amount(6.4e10), _amount(5e8, like=6.4e10)
    ('124 MB', '4.7 GB', '60 GB', '0.5')
    """
    if like is None and size < 0.95 * _GB:
        return f"{number(size / 2**20)} MB"
    figures = number(size / _GB, int(size < 20 * _GB))
    return figures if like is not None else f"{figures} GB"


def _many(count):
    """A number of parameters, in millions where they are.

    >>> _many(4_690_127), _many(46_574)
    ('4.7 million', '46\u2009574')
    """
    if count < 1_000_000:
        return number(count)
    return f"{number(count / 1e6, int(count < 1e8))} million"
