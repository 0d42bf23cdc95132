"""Trainer: one method's training, a ``step()`` at a time; `training.run` has the loop.

Ness et al. (2015), Ting et al. (2019) and O'Briain et al. (2021) differ in what a step
is: an iteration of the per-pixel scatter, an optimizer update of the emulator, an
update of generators and critics.
"""

from typing import Protocol

from stellar_gui.models.base import SpectralModel


class Trainer(Protocol):
    """Trains one model. Everything that changes lies in ``state_dict()``."""

    total_steps: int

    def step(self) -> dict[str, float]:
        """One optimizer update; returns the losses it saw, by name."""

    def state_dict(self) -> dict:
        """All that a bit-exact resume needs, the random generator included."""

    def load_state_dict(self, state: dict) -> None:
        """Go on from ``state`` as if training had never stopped."""

    def validate(self) -> dict[str, float]:
        """Scores on stars that training never saw; ``best`` compares ``"score"``."""

    def model(self) -> SpectralModel:
        """The model as it stands after the steps done so far."""
