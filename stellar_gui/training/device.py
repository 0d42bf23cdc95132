"""Which device to compute on: chosen by the user, checked before the work starts."""

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of a name: "auto", "cpu", "cuda", "cuda:1" or "mps".

    "auto" takes a GPU where there is one. Raises ValueError for an unknown name, and
    for a device that this machine or this build of torch does not have.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    kind, _, number = name.partition(":")
    known = kind in DEVICES and (not number or (kind == "cuda" and number.isdigit()))
    if not known:
        raise ValueError(
            f"device is {name!r}, expected one of {', '.join(DEVICES)} or cuda:1, ..."
        )
    if kind == "auto":
        kind = next((k for k in ("cuda", "mps") if _available(k)), "cpu")
        return torch.device(kind)
    if not _available(kind):
        raise ValueError(
            f"device {name!r} is not there: torch {torch.__version__} finds no {kind} "
            "device. Choose 'cpu', or install a build of torch for your GPU."
        )
    if number and int(number) >= torch.cuda.device_count():
        raise ValueError(
            f"device {name!r} is not there: this machine has "
            f"{torch.cuda.device_count()} GPUs, counted from cuda:0."
        )
    return torch.device(name)


def _available(kind):
    if kind == "cuda":
        return torch.cuda.is_available()
    if kind == "mps":
        return torch.backends.mps.is_available()
    return True
