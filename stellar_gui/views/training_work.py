"""What the Training page asks of `training`, in threads: it brings torch."""

from pathlib import Path


def import_training() -> None:
    """Import what the page needs of `training`: torch takes seconds."""
    from stellar_gui.training import launch, options, runs  # noqa: F401


def kept_steps(summary) -> list[int]:
    """The steps of a run of which a checkpoint is kept; none without a run."""
    if summary is None or summary.state == "unreadable":
        return []
    from stellar_gui.training.run import Run

    return Run(summary.path).kept.steps()


def model_of_run(path: Path):
    """Adopt the best model of the run in a folder, and return it.

    Raises as `training.adopted.adopt` does.
    """
    from stellar_gui.models import load_model
    from stellar_gui.training.adopted import adopt
    from stellar_gui.training.run import Run

    return load_model(adopt(Run(path)))
