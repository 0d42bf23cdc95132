"""The training loop: steps, logs, validates, saves; stops when told to or when it must.

What a step is, the trainer knows (`training.trainer`); where things lie, the run.
"""

import contextlib
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import torch

from stellar_gui.training.checkpoint import non_finite_entries
from stellar_gui.training.run import Run, Status
from stellar_gui.training.trainer import Trainer

_STATUS_SECONDS = 0.5


def train(
    trainer: Trainer,
    run: Run,
    *,
    resume: bool = False,
    checkpoint_every: int = 500,
    validate_every: int = 500,
    log_every: int = 1,
    stop: Callable[[], bool] | None = None,
    progress: Callable[[int, int, Mapping[str, float]], None] | None = None,
) -> Status:
    """Train to ``trainer.total_steps`` and return where the run stands.

    resume: go on from the run's checkpoint, bit for bit as if it had never stopped.
    stop() is asked after each step; if it, SIGTERM or Ctrl-C says so, the state is
    saved and the run ends "stopped". progress(step, total_steps, losses) follows each
    step. A lower validation ``"score"`` is better, and the best state is kept too.

    Raises FloatingPointError if a loss, a score or the state is no longer finite; the
    run is then "failed", and its last checkpoint is from before. Raises RuntimeError
    if another process trains the run, ValueError if the run has a checkpoint and is
    not to be resumed, FileNotFoundError if it has none and is.
    """
    with run.claimed(), _signals() as told:
        loop = _Loop(trainer, run, resume)
        try:
            while loop.step < trainer.total_steps:
                losses = loop.advance(log_every, validate_every)
                if progress is not None:
                    progress(loop.step, trainer.total_steps, losses)
                if told() or (stop is not None and stop()):
                    return loop.end("stopped")
                if loop.step % checkpoint_every == 0:
                    loop.save()
            return loop.end("finished")
        except BaseException as fault:
            run.write_status(loop.status("failed", str(fault) or repr(fault)))
            run.log(f"failed at step {loop.step}: {fault!r}")
            raise
        finally:
            loop.close()


class _Loop:
    """What changes while a run is trained, besides the trainer."""

    def __init__(self, trainer, run, resume):
        self.trainer, self.run = trainer, run
        self.step, self.best_score, self.best_step = 0, None, None
        self.elapsed = 0.0
        if resume:
            self._restore(run.load())
        elif (run.path / "checkpoint.pt").exists():
            raise ValueError(
                f"the run {run.path.name} has been trained to step "
                f"{run.load()['step']}. Resume it, or create a new run."
            )
        run.forget_metrics_after(self.step)
        # a trainer may hold infinities of its own, such as bounds; new ones are faults
        self.tolerated = non_finite_entries(trainer.state_dict())
        self.started = time.monotonic()
        self.told = -math.inf
        self.metrics = (run.path / "metrics.jsonl").open(
            "a", encoding="utf-8", buffering=1
        )
        run.log(f"training from step {self.step} to {trainer.total_steps}")
        run.write_status(self.status("running"))

    def advance(self, log_every, validate_every):
        """One step; returns its losses, and the scores where it was validated."""
        losses = dict(self.trainer.step())
        self.step += 1
        self._check_finite("loss", losses)
        last = self.step == self.trainer.total_steps
        validated = last or self.step % validate_every == 0
        if validated:
            losses |= self._validate()
        if validated or self.step % log_every == 0:
            row = {"step": self.step, "elapsed": round(self.seconds(), 3), **losses}
            self.metrics.write(json.dumps(row) + "\n")
        if time.monotonic() - self.told > _STATUS_SECONDS:
            self.run.write_status(self.status("running"))
            self.told = time.monotonic()
        return losses

    def _validate(self):
        scores = dict(self.trainer.validate())
        self._check_finite("validation", scores)
        score = scores.get("score")
        if score is not None and (self.best_score is None or score < self.best_score):
            self.best_score, self.best_step = float(score), self.step
            self.run.save(self._checked_state(), best=True)
        return {f"validation_{name}": value for name, value in scores.items()}

    def save(self):
        self.run.save(self._checked_state())

    def end(self, state):
        self.save()
        status = self.status(state)
        self.run.write_status(status)
        self.run.log(f"{state} at step {self.step}")
        return status

    def close(self):
        self.metrics.close()

    def seconds(self):
        return self.elapsed + time.monotonic() - self.started

    def status(self, state, message=""):
        return Status(
            state=state,
            step=self.step,
            total_steps=self.trainer.total_steps,
            best_score=self.best_score,
            best_step=self.best_step,
            elapsed=self.seconds(),
            message=message,
        )

    def _restore(self, checkpoint):
        self.trainer.load_state_dict(checkpoint["trainer"])
        self.step = checkpoint["step"]
        self.best_score = checkpoint["best_score"]
        self.best_step = checkpoint["best_step"]
        self.elapsed = checkpoint["elapsed"]

    def _checked_state(self):
        state = self.trainer.state_dict()
        broken = sorted(non_finite_entries(state) - self.tolerated)
        if broken:
            self._give_up(f"the trainer's state has NaN in {', '.join(broken[:3])}")
        return {
            "trainer": state,
            "step": self.step,
            "best_score": self.best_score,
            "best_step": self.best_step,
            "elapsed": self.seconds(),
            "torch_version": str(torch.__version__),
        }

    def _check_finite(self, what, values):
        for name, value in values.items():
            if not math.isfinite(value):
                self._give_up(f"{what} {name!r} is {value}")

    def _give_up(self, what):
        kept = self.run.path / "checkpoint.pt"
        step = self.run.load()["step"] if kept.exists() else None
        rest = (
            "no checkpoint was made yet"
            if step is None
            else f"the checkpoint of step {step} is kept"
        )
        raise FloatingPointError(
            f"{what}, not finite any more at step {self.step}; {rest}. Train again "
            "with a smaller learning rate, or look for odd data."
        )


@contextlib.contextmanager
def _signals() -> Iterator[Callable[[], bool]]:
    """Turn SIGTERM and Ctrl-C into a question; only the main thread can hear them."""
    heard = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield heard.is_set
        return
    kinds = (signal.SIGTERM, signal.SIGINT)
    before = {kind: signal.signal(kind, lambda *_: heard.set()) for kind in kinds}
    try:
        yield heard.is_set
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
