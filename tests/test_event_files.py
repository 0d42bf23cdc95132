"""Event files: every logged number, for those who have TensorBoard."""

import builtins
import sys
import types

import pytest

from stellar_gui.training.event_files import event_files


class Writer:
    """Stands for TensorBoard's, which need not be installed."""

    def __init__(self, folder):
        Writer.last = self
        self.folder, self.told, self.closed = folder, [], False

    def add_scalar(self, name, value, step):
        self.told.append((name, value, step))

    def close(self):
        self.closed = True


def test_every_number_of_a_step_is_written(tmp_path, monkeypatch):
    module = types.ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    with event_files(tmp_path) as tell:
        tell(3, 10, {"loss": 0.5, "validation_score": 0.1})
    assert Writer.last.folder == str(tmp_path / "tensorboard")
    assert Writer.last.told == [("loss", 0.5, 3), ("validation_score", 0.1, 3)]
    assert Writer.last.closed


def test_without_tensorboard_it_says_how_to_get_it(tmp_path, monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name == "torch.utils.tensorboard":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with (
        pytest.raises(ImportError, match=r"pip install 'stellar_gui\[tensorboard\]'"),
        event_files(tmp_path),
    ):
        pass
