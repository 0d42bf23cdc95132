"""Checkpoints: a dict of tensors and plain values in one file, never pickled code."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from stellar_gui.io.whole import written_whole

_PLAIN = (Tensor, str, bytes, bool, int, float, complex, type(None))


def save_checkpoint(path: str | Path, state: dict) -> None:
    """Write ``state`` so that a crash leaves the old file or the new, never half.

    Raises TypeError if it holds anything but tensors, plain values, and dicts, lists
    and tuples of them: `load_checkpoint` would refuse to read it. Raises OSError if it
    cannot be written, as on a full disk.
    """
    for name, value in entries(state):
        if type(value) not in _PLAIN and not isinstance(value, Tensor):
            raise TypeError(
                f"entry {name!r} of the checkpoint is a {type(value).__name__}, "
                "expected a tensor or a plain value. Convert it in state_dict()."
            )
    try:
        with written_whole(path) as part:
            torch.save(state, part)
    except RuntimeError as fault:  # torch's own writer knows no OSError
        raise OSError(
            f"{Path(path).name} could not be written ({str(fault).splitlines()[0]})"
        ) from fault


def load_checkpoint(path: str | Path, device="cpu") -> dict:
    """Read a checkpoint, tensors on ``device``. Runs no code from the file.

    Raises FileNotFoundError if there is none, ValueError if it is damaged.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"there is no checkpoint {path.name} in {path.parent}; the run stopped "
            "before its first one. Start it again without resuming."
        )
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as fault:  # torch raises many kinds for a damaged file
        raise ValueError(
            f"{path} is no readable checkpoint ({type(fault).__name__}). Start the run "
            "again, or from another checkpoint."
        ) from fault


def entries(state, name: str = "") -> Iterator[tuple[str, object]]:
    """The leaves of nested dicts, lists and tuples with their dotted names.

    >>> list(entries({"a": {"b": 1}, "c": [2]}))
    [('a.b', 1), ('c.0', 2)]
    """
    if isinstance(state, dict):
        parts = state.items()
    elif isinstance(state, (list, tuple)):
        parts = enumerate(state)
    else:
        yield name, state
        return
    for key, value in parts:
        yield from entries(value, f"{name}.{key}" if name else str(key))


def non_finite_entries(state) -> set[str]:
    """Names of the floating-point tensors that hold NaN or infinity."""
    return {
        name
        for name, value in entries(state)
        if isinstance(value, Tensor)
        and value.is_floating_point()
        and not torch.isfinite(value).all()
    }
