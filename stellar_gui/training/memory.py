"""Out of memory: which batch would have fitted, said to whoever chose it."""

import torch

from stellar_gui.training.device import is_out_of_memory, release_memory
from stellar_gui.training.trainer import Trainer


class OutOfMemory(MemoryError):
    """A step did not fit into memory; ``batch_size`` does, None if none is known."""

    def __init__(self, told: str, batch_size: int | None = None):
        super().__init__(told)
        self.batch_size = batch_size


def out_of_memory(trainer: Trainer, reason: str) -> OutOfMemory:
    """Return what to tell a user whose step did not fit into memory.

    Takes steps with smaller batches to find one that fits, after which the trainer must
    not go on: it did not take the steps that it was asked for.
    """
    device = torch.device(getattr(trainer, "device", "cpu"))
    size = getattr(trainer, "batch_size", None)
    told = f"{device} has too little memory for a step ({reason})."
    if size is None:
        return OutOfMemory(f"{told} Use fewer spectra, or another device.")
    fitting = _batch_that_fits(trainer, size, device)
    if fitting is None:
        return OutOfMemory(f"{told} Not even one spectrum fits. Use another device.")
    return OutOfMemory(
        f"{told} The batch size is {size}; {fitting} fits. Start again with it, or "
        "fork the run from its last checkpoint.",
        fitting,
    )


def _batch_that_fits(trainer, size, device):
    """The largest half, quarter, … of a batch with which a step can be taken."""
    while size > 1:
        size //= 2
        trainer.batch_size = size
        release_memory(device)
        try:
            trainer.step()
        except (RuntimeError, MemoryError) as fault:
            if not is_out_of_memory(fault):
                raise
        else:
            return size
    return None
