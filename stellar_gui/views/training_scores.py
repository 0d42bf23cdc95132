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
        self._asked: set[Path] = set()  # folders of jobs that were started here
        self._begins: set[Path] = set()  # those of them that no process has yet

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
        state = job.state
        if state == "failed" and job.folder not in self._begins:
            return [_failed(job.error, summary.name)]
        if state != "running" and job.folder not in self._asked:
            self._begin(job)
        return [Check("idle", "Transfer", _told(job.progress))]

    def again(self, summary) -> None:
        """Score a run whose scoring has failed: nothing else tries again."""
        from stellar_gui.training.run_scores import FOLDER

        job = Job(summary.path / FOLDER)
        if job.folder not in self._begins:
            self._begin(job)

    def _begin(self, job):
        self._asked.add(job.folder)
        self._begins.add(job.folder)
        work = partial(job.start, _WORKER, {})
        in_background(work, partial(self._begun, job.folder))

    def _begun(self, folder, result):
        self._begins.discard(folder)
        if isinstance(result, Exception):
            raise result


def _told(progress):
    words = progress.words or "a process for it begins"
    return f"is being scored on unseen stars: {words} ({100 * progress.share:.0f} %)"


def _failed(error, name):
    from stellar_gui.training.diagnosis import Check

    return Check(
        "warning",
        "Transfer was not scored",
        f"{error.rstrip('.')}; it is not tried again by itself",
        f"on the command line: stellar-gui runs score {name}",
        ("Score again", "score_again"),
    )
