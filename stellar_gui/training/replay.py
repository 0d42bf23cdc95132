"""Replay: the models that a run went through, from its kept checkpoints.

A checkpoint is the state of a trainer, so the trainer is made once, which reads the
run's data, and then given one state after another.
"""

import threading

from stellar_gui.models.base import SpectralModel
from stellar_gui.training.run import Run
from stellar_gui.training.start import prepare, trained_in


class Replay:
    """The models of one run; may be asked by several threads."""

    def __init__(self, run: Run):
        """run: of any state; the data that it trains on must be where they were."""
        self.run = run
        self._trainer = None
        self._lock = threading.Lock()

    def steps(self) -> list[int]:
        """The steps of which the model can be seen."""
        return self.run.kept.steps()

    def model(
        self, step: int | str = "last", *, preview: bool = False
    ) -> SpectralModel:
        """Return the model at a step, or at "best" or "last", on the CPU.

        preview: without what costs long, such as calibrated errors. Its provenance
        names the run. The first call reads the data, which takes seconds. Raises
        ValueError or OSError with a sentence if the data or the checkpoint are gone.
        """
        with self._lock:
            if self._trainer is None:
                made = prepare(self.run.config, device="cpu")
                self.run.check_data(made.training)
                self._trainer = made.trainer
            trainer = self._trainer
            checkpoint = self.run.load(step)
            trainer.load_state_dict(checkpoint["trainer"])
            quick = preview and hasattr(trainer, "preview")
            model = trainer.preview() if quick else trainer.model()
        return trained_in(self.run, model, checkpoint["step"])


def model_of(run: Run, step: int | str = "best") -> SpectralModel:
    """Return the model of a run at a step, at "best" or "last"; see `Replay.model`."""
    return Replay(run).model(step)
