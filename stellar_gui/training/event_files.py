"""TensorBoard event files, for those who follow their runs there; optional."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path


@contextlib.contextmanager
def event_files(path: str | Path) -> Iterator[Callable]:
    """Write event files into ``tensorboard/`` in folder ``path``.

    Yields what `training.loop.train` takes as progress(step, total_steps, losses).
    Raises ImportError with a sentence if TensorBoard is not installed.
    """
    writer = _writer_class()(str(Path(path) / "tensorboard"))

    def tell(step: int, total_steps: int, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            writer.add_scalar(name, value, step)

    try:
        yield tell
    finally:
        writer.close()


def _writer_class():
    try:
        from torch.utils.tensorboard import SummaryWriter  # optional
    except ImportError as missing:
        raise ImportError(
            "TensorBoard is not installed. Install it with "
            "pip install 'stellar_gui[tensorboard]', or leave --tensorboard out: the "
            "metrics are in metrics.jsonl anyway."
        ) from missing
    return SummaryWriter
