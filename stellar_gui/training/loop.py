"""The training loop: steps, logs, validates, saves; stops when told to or when it must.

What a step is, the trainer knows (`training.trainer`); where things lie, the run.
"""

import contextlib
import dataclasses
import json
import math
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping

import torch

from stellar_gui.training.checkpoint import non_finite_entries
from stellar_gui.training.control import Controls
from stellar_gui.training.device import is_out_of_memory, memory_in_use
from stellar_gui.training.memory import out_of_memory
from stellar_gui.training.run import Run, Status
from stellar_gui.training.trainer import Trainer

_STATUS_SECONDS = 0.5
_PAUSE_SECONDS = 0.2  # between looks at the controls while paused
_STEPS_BETWEEN = 500  # of checkpoints and validations, unless the trainer says


def train(
    trainer: Trainer,
    run: Run,
    *,
    resume: bool = False,
    checkpoint_every: int | None = None,
    validate_every: int | None = None,
    log_every: int = 1,
    stop: Callable[[], bool] | None = None,
    progress: Callable[[int, int, Mapping[str, float]], None] | None = None,
) -> Status:
    """Train to ``trainer.total_steps`` and return where the run stands.

    resume: go on from the run's checkpoint, bit for bit as if it had never stopped; a
    damaged one falls back to the one before. Before each step the run's controls are
    obeyed (`training.control`); if they, stop(), SIGTERM or Ctrl-C say so, the state is
    saved and the run ends "stopped". progress(step, total_steps, losses) follows each
    step. What the best state is, the trainer says (``best_score``).

    Raises FloatingPointError if a loss, a score or the state is no longer finite,
    MemoryError, with the batch size that fits, if a step needs too much memory, OSError
    if the disk is full; the run is then "failed", and its last checkpoint is from
    before. Raises RuntimeError if another process trains the run, ValueError if the run
    has a checkpoint and is not to be resumed, FileNotFoundError if it has none and is.
    """
    checkpoint_every = checkpoint_every or _every(trainer, "checkpoint_every")
    validate_every = validate_every or _every(trainer, "validate_every")
    with run.claimed(), _signals() as heard:
        loop = _Loop(trainer, run, resume, heard)
        try:
            while loop.step < trainer.total_steps:
                if loop.told_to_stop() or (stop is not None and stop()):
                    return loop.end("stopped")
                losses = loop.advance(log_every, validate_every)
                if progress is not None:
                    progress(loop.step, trainer.total_steps, losses)
                if loop.step % checkpoint_every == 0 or loop.step in loop.kept_steps:
                    loop.save()
            return loop.end("finished")
        except BaseException as fault:
            loop.fail(fault)
            raise
        finally:
            loop.close()


def _every(trainer, name):
    return getattr(trainer, name, _STEPS_BETWEEN)


class _Loop:
    """What changes while a run is trained, besides the trainer."""

    def __init__(self, trainer, run, resume, heard):
        self.trainer, self.run, self.heard = trainer, run, heard
        self.step, self.best_score, self.best_step = 0, None, None
        self.elapsed, self.message = 0.0, ""
        self.score_name = getattr(trainer, "best_score", "score")
        self.device = torch.device(getattr(trainer, "device", "cpu"))
        self.controls = Controls(run.path)
        self.saved_step = None
        if resume:
            checkpoint, self.message = run.load_newest()
            self._restore(checkpoint)
        elif (run.path / "checkpoint.pt").exists():
            raise ValueError(
                f"the run {run.name} has been trained to step "
                f"{run.load()['step']}. Resume it, or create a new run."
            )
        run.sweep()
        if damaged := run.forget_after(self.step):
            told = f"Damaged lines of metrics.jsonl that were dropped: {damaged}."
            self.message = f"{self.message} {told}".strip()
        # a trainer may hold infinities of its own, such as bounds; new ones are faults
        self.tolerated = non_finite_entries(trainer.state_dict())
        self.kept_steps = set(run.kept.planned(trainer.total_steps))
        self.started = time.monotonic()
        self.pace: deque[tuple[float, int]] = deque(maxlen=60)
        self.told = -math.inf
        self.metrics = (run.path / "metrics.jsonl").open(
            "a", encoding="utf-8", buffering=1
        )
        run.log(f"training from step {self.step} to {trainer.total_steps}")
        if self.message:
            run.log(self.message)
        run.write_status(self.status("running"))

    # ---- what is asked of the run

    def told_to_stop(self):
        """Obey the controls; True if the run is to stop."""
        self._obey()
        if self.controls.wanted == "pause" and not self.heard.is_set():
            self._pause()
        return self.heard.is_set() or self.controls.wanted == "stop"

    def _obey(self):
        self.controls.poll()
        rate = self.controls.take_learning_rate()
        if rate is None:
            return
        if hasattr(self.trainer, "set_learning_rate"):
            self.trainer.set_learning_rate(rate)
            self.message = f"learning rate set to {rate:g} at step {self.step}"
            self.save()  # or a process that is killed would take the wish with it
        else:
            self.message = getattr(
                self.trainer, "no_learning_rate", "this method has no learning rate"
            )
        self.run.log(self.message)

    def _pause(self):
        self.save()
        self.run.log(f"paused at step {self.step}")
        began = told = time.monotonic()
        self.run.write_status(self.status("paused"))
        while self.controls.wanted == "pause" and not self.heard.wait(_PAUSE_SECONDS):
            self._obey()
            if time.monotonic() - told > 60:  # a sign of life for other machines
                told = time.monotonic()
                os.utime(self.run.path / "status.json")
        self.started += time.monotonic() - began
        self.pace.clear()
        if self.controls.wanted == "run":
            self.run.log("resumed")
            self.run.write_status(self.status("running"))

    # ---- one step

    def advance(self, log_every, validate_every):
        """One step; returns its losses, and the scores where it was validated."""
        losses = dict(self._step())
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
            self.told = time.monotonic()
            self.pace.append((self.told, self.step))
            self.run.write_status(self.status("running"))
        return losses

    def _step(self):
        try:
            return self.trainer.step()
        except (RuntimeError, MemoryError) as fault:
            if not is_out_of_memory(fault):
                raise
            reason = (str(fault) or "out of memory").splitlines()[0]
        # outside the handler, whose traceback still holds the tensors of the step
        raise out_of_memory(self.trainer, reason)

    def _validate(self):
        scores = dict(self.trainer.validate())
        self._check_finite("validation", scores)
        score = scores.get(self.score_name)
        if score is not None and (self.best_score is None or score < self.best_score):
            self.best_score, self.best_step = float(score), self.step
            self.run.save(self._checked_state(), best=True)
        return {f"validation_{name}": value for name, value in scores.items()}

    # ---- what is written

    def save(self):
        self.run.save(self._checked_state())
        self.saved_step = self.step
        self.kept_steps = set(self.run.kept.planned(self.trainer.total_steps))

    def end(self, state):
        self.save()
        status = self.status(state)
        self.run.write_status(status)
        self.run.log(f"{state} at step {self.step}")
        return status

    def fail(self, fault):
        """Say what went wrong, as far as that can still be written."""
        message = str(fault) or repr(fault)
        if isinstance(fault, OSError):
            message = f"a file could not be written or read: {fault}. {self._kept()}"
        status = self.status("failed", message)
        fitting = getattr(fault, "batch_size", None)
        with contextlib.suppress(OSError):
            self.run.write_status(dataclasses.replace(status, fitting_batch=fitting))
        with contextlib.suppress(OSError):
            self.run.log(f"failed at step {self.step}: {message}")
            if not isinstance(fault, (FloatingPointError, MemoryError, OSError)):
                self.run.log(traceback.format_exc())

    def close(self):
        with contextlib.suppress(OSError):  # of a full disk, which was told of before
            self.metrics.close()

    def seconds(self):
        return self.elapsed + time.monotonic() - self.started

    def status(self, state, message=None):
        return Status(
            state=state,
            step=self.step,
            total_steps=self.trainer.total_steps,
            best_score=self.best_score,
            best_step=self.best_step,
            elapsed=self.seconds(),
            rate=self._rate(),
            device=str(self.device),
            memory=memory_in_use(self.device),
            message=self.message if message is None else message,
        )

    def _rate(self):
        if len(self.pace) < 2:
            return 0.0
        (before, first), (now, last) = self.pace[0], self.pace[-1]
        return (last - first) / (now - before)

    def _restore(self, checkpoint):
        self.trainer.load_state_dict(checkpoint["trainer"])
        self.step = self.saved_step = checkpoint["step"]
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
            "total_steps": self.trainer.total_steps,
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
        raise FloatingPointError(
            f"{what}, not finite any more at step {self.step}. {self._kept()} Train "
            "again with a smaller learning rate, or look for odd data."
        )

    def _kept(self):
        if self.saved_step is None:
            return "No checkpoint was made yet."
        return f"The checkpoint of step {self.saved_step} is kept."


@contextlib.contextmanager
def _signals() -> Iterator[threading.Event]:
    """Turn SIGTERM and Ctrl-C into an event; only the main thread can hear them."""
    heard = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    kinds = (signal.SIGTERM, signal.SIGINT)
    before = {kind: signal.signal(kind, lambda *_: heard.set()) for kind in kinds}
    try:
        yield heard
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
