"""The scores of a finished transfer, as lights; made once, in a process of its own."""

from functools import partial
from pathlib import Path

from stellar_gui.jobs import Job
from stellar_gui.views.work import in_background

_WORKER = "stellar_gui.experiments.run_scores"
_METHOD = "cycle-starnet"


class TransferScores:
    """Lights of the transfer of the run that is looked at; see `training.run_scores`.

    Without torch until a finished run of Cycle-StarNet is looked at.
    """

    def __init__(self):
        self._asked: set[Path] = set()

    def lights(self, summary) -> list:
        """Return what is known of the transfer of a run; start scoring a finished one.

        summary: of `training.runs`, or None without a run.
        """
        if summary is None or summary.method != _METHOD:
            return []
        from stellar_gui.training.diagnosis import Check
        from stellar_gui.training.run_scores import FOLDER, lights, read_run_scores

        scores = read_run_scores(summary.path)
        if scores is not None and scores.step == summary.status.step:
            return lights(scores)
        if summary.state != "finished":
            text = "it is scored on unseen stars when the run is finished"
            return [Check("idle", "Transfer", text)]
        job = Job(summary.path / FOLDER)
        return [Check("idle", "Transfer", self._words(job, summary.name))]

    def _words(self, job, name):
        state = job.state
        if state == "failed":
            again = f"stellar-gui runs score {name}"
            why = job.error.rstrip(".")
            return f"was not scored: {why}. To try again: {again}"
        if state != "running" and job.folder not in self._asked:
            self._asked.add(job.folder)
            in_background(partial(job.start, _WORKER, {}), _started)
        done = job.progress
        words = done.words or "a process for it begins"
        return f"is being scored on unseen stars: {words} ({100 * done.share:.0f} %)"


def _started(result):
    if isinstance(result, Exception):
        raise result
