"""What files keep in words: plain values as JSON, or a sentence why they cannot."""

import json

import numpy as np


def json_text(values, what: str) -> str:
    """Return ``values`` as JSON; numbers and arrays of numpy become plain ones.

    what: the name that an error gives them. Raises ValueError for what JSON has not.

    >>> json_text({"seed": np.int64(7), "window": np.array([1.0, 2.0])}, "metadata")
    '{"seed": 7, "window": [1.0, 2.0]}'
    """
    try:
        return json.dumps(values, default=_plain)
    except (TypeError, ValueError) as fault:
        raise ValueError(
            f"{what} cannot be stored ({fault}), expected plain values: text, numbers, "
            "lists and dicts of them. Turn other values into text with str()."
        ) from fault


def _plain(value):
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} is a {type(value).__name__}")
