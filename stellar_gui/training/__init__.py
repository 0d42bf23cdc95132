"""Training: a trainer for each method, the loop that drives it, the run on disk."""

from stellar_gui.training.device import choose_device
from stellar_gui.training.loop import train
from stellar_gui.training.run import Run, Status
from stellar_gui.training.trainer import Trainer

__all__ = ["Run", "Status", "Trainer", "choose_device", "train"]
