"""How long a training will take here, without disturbing it; a word if that is long.

`training.pace` takes the steps; here the trainer is brought back to where it stood, so
that it can go on afterwards, bit for bit.
"""

from stellar_gui.training.pace import measure_pace
from stellar_gui.training.trainer import Trainer

LONG = 12 * 3600.0  # seconds


def measured_eta(trainer: Trainer) -> float:
    """Seconds that the whole training takes on its device, of a few real steps.

    Afterwards the trainer is as it was. What a first step prepares is prepared again.
    """
    state = trainer.state_dict()
    try:
        return measure_pace(trainer)["seconds"]
    finally:
        trainer.load_state_dict(state)


def warning(seconds: float, device: str) -> str | None:
    """A sentence for the user if so many seconds are long, or None.

    >>> warning(200_000, "cpu").partition(" Choose")[0]
    'this training takes about 2.3 days on cpu.'
    """
    if seconds < LONG:
        return None
    days = seconds / 86400
    time = f"{days:.1f} days" if days >= 2 else f"{seconds / 3600:.0f} hours"
    other = (
        "the demo preset" if device.startswith("cuda") else "the demo preset or a GPU"
    )
    return (
        f"this training takes about {time} on {device}. Choose {other}, or let it run: "
        "it can be stopped and resumed at any time."
    )
