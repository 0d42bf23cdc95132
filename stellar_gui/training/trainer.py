"""Trainer: one method's training, a ``step()`` at a time; `training.loop` drives it.

Ness et al. (2015), Ting et al. (2019) and O'Briain et al. (2021) differ in what a step
is: an iteration of the per-pixel scatter, an optimizer update of the emulator, an
update of generators and critics.
"""

from typing import Protocol

from stellar_gui.models.base import SpectralModel


class Trainer(Protocol):
    """Trains one model. Everything that changes lies in ``state_dict()``.

    Optional members, asked for with ``getattr`` by the loop:

    - ``best_score``: the name of the validation score, lower is better, whose lowest
      value makes a state the best; None: the last checkpoint counts as the best.
      "score" unless said. Never one that needs the truth;
    - ``set_learning_rate(rate)``: takes the next step at this rate, and scales what
      the schedule has left with it; ``state_dict()`` has the factor as ``rate_scale``;
    - ``no_learning_rate``: a sentence, where there is none to change;
    - ``device``: the `torch.device` it computes on;
    - ``batch_size``: read by each step, so that a smaller one can be tried;
    - ``checkpoint_every``, ``validate_every``: in steps;
    - ``preview()``: the model without what costs long, such as its error model.
    """

    total_steps: int

    def step(self) -> dict[str, float]:
        """One optimizer update; returns the losses it saw, by name."""

    def state_dict(self) -> dict:
        """All that a bit-exact resume needs, the random generator included."""

    def load_state_dict(self, state: dict) -> None:
        """Go on from ``state`` as if training had never stopped."""

    def validate(self) -> dict[str, float]:
        """Scores on stars that training never saw; see ``best_score``."""

    def model(self) -> SpectralModel:
        """The model as it stands after the steps done so far."""
