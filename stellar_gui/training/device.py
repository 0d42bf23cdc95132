"""Devices to compute on: what there is, chosen by the user, checked before work starts.

Asking for CUDA devices claims memory on each; a server that does not compute should ask
from a process of its own (`training.launch.find_devices`).
"""

import os
from dataclasses import dataclass

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Device:
    """A device as a user sees it; one that cannot be used says why in ``reason``."""

    name: str  # "cpu", "cuda:0", "mps"
    title: str  # "NVIDIA H100"
    memory: int | None = None  # bytes, in all
    free: int | None = None  # bytes
    usable: bool = True
    reason: str = ""


def devices() -> list[Device]:
    """The devices of this machine, those first that the automatic choice prefers.

    A kind of which there is none is listed too, not usable, with the reason.
    """
    return [*_cuda_devices(), _mps_device(), _processor()]


def choose_device(name: str = "auto", *, double: bool = False) -> torch.device:
    """Return the device of a name: "auto", "cpu", "cuda", "cuda:1" or "mps".

    "auto" takes a GPU where there is one: CUDA before MPS. double: the work needs
    64-bit numbers, which MPS does not have. Raises ValueError for an unknown name, and
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
        kinds = ("cuda",) if double else ("cuda", "mps")
        return torch.device(next((k for k in kinds if _available(k)), "cpu"))
    if not _available(kind):
        raise ValueError(
            f"device {name!r} is not there: torch {torch.__version__} finds no {kind} "
            "device. Choose 'cpu', or install a build of torch for your GPU."
        )
    if kind == "mps" and double:
        raise ValueError(
            "device 'mps' computes with 32 bits at most, and this method needs 64. "
            "Choose 'cpu'."
        )
    if number and int(number) >= torch.cuda.device_count():
        raise ValueError(
            f"device {name!r} is not there: this machine has "
            f"{torch.cuda.device_count()} GPUs, counted from cuda:0."
        )
    return torch.device(name)


def on_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a tensor on a device; the processor does not wait for the copy to CUDA."""
    if device.type == "cuda" and not tensor.is_cuda:
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def doubles(device: torch.device) -> torch.device:
    """Return where 64-bit numbers can be computed with: the device itself, or the CPU.

    >>> doubles(torch.device("mps"))
    device(type='cpu')
    """
    return torch.device("cpu") if device.type == "mps" else device


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether a device, or this machine, had too little memory.

    >>> is_out_of_memory(RuntimeError("MPS backend out of memory (allocated: ...)"))
    True
    >>> is_out_of_memory(RuntimeError("shapes differ"))
    False
    """
    if isinstance(fault, (torch.OutOfMemoryError, MemoryError)):
        return True
    told = str(fault).lower()
    said = "out of memory" in told or "not enough memory" in told
    return isinstance(fault, RuntimeError) and said


def release_memory(device: torch.device) -> None:
    """Give back what torch has set aside on a GPU for later."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def memory_in_use(device: torch.device) -> int | None:
    """Bytes that torch holds on a GPU; None where it cannot be asked."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    return None


def _available(kind):
    if kind == "cuda":
        return torch.cuda.is_available()
    if kind == "mps":
        return torch.backends.mps.is_available()
    return True


def _cuda_devices():
    if not _available("cuda"):
        return [Device("cuda", "NVIDIA GPU", usable=False, reason=_why_no_cuda())]
    return [_cuda_device(number) for number in range(torch.cuda.device_count())]


def _cuda_device(number):
    name, title = f"cuda:{number}", torch.cuda.get_device_name(number)
    try:
        torch.ones(2, device=name).sum().item()
        free, total = torch.cuda.mem_get_info(number)
    except RuntimeError as fault:
        reason = f"it does not compute: {str(fault).splitlines()[0]}"
        return Device(name, title, usable=False, reason=reason)
    return Device(name, title, total, free)


def _why_no_cuda():
    if torch.version.cuda is None and torch.version.hip is None:
        return f"torch {torch.__version__} was built without CUDA"
    return "torch finds no NVIDIA GPU, or no driver for it"


def _mps_device():
    if _available("mps"):
        total = torch.mps.recommended_max_memory()
        return Device("mps", "Apple GPU", total, total - memory_in_use(_MPS))
    built = torch.backends.mps.is_built()
    reason = "it needs macOS 14 and an Apple GPU" if built else "this is no Mac"
    return Device("mps", "Apple GPU", usable=False, reason=reason)


def _processor():
    title = f"Processor, {os.cpu_count()} cores"
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total, free = (
            page * os.sysconf(name) for name in ("SC_PHYS_PAGES", "SC_AVPHYS_PAGES")
        )
    except (AttributeError, OSError, ValueError):  # not told by every system
        return Device("cpu", title)
    return Device("cpu", title, total, free)


_MPS = torch.device("mps")
