"""What the Survey page shows: a sample of stars, its fits, and what follows of them.

Everything that takes time happens in the background; ``changed`` is told of each step.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stellar_gui.session import Session
from stellar_gui.spectra import Spectra
from stellar_gui.views.leaving import when_left
from stellar_gui.views.notify import notify
from stellar_gui.views.work import in_background

if TYPE_CHECKING:
    from stellar_gui.analysis.agreement import Labels
    from stellar_gui.analysis.anomaly import Anomalies
    from stellar_gui.surveys import Survey, SurveyFits, Triage

TRANSFERRED = "cycle_starnet"
SHORT = {TRANSFERRED: "CSN"}
"""By the kind of model: how it is called where there is no room."""

_PATIENCE = 2.0  # seconds, at least, between looks at fits that are being made
_REST = 4.0  # times what the last look took: fitting goes first
_SECONDS = {"cannon": 0.005, "payne": 0.011, TRANSFERRED: 0.018}
"""By the kind of model: processor seconds per star and 1000 pixels, typically."""


class Sample(NamedTuple):
    """Stars that are looked at together; ids (n_stars,) are those of the session."""

    title: str
    spectra: Spectra
    rows: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, star_id: str) -> int | None:
        """The place of a star in the sample; None if it is not in it."""
        found = np.flatnonzero(self.ids == star_id)
        return int(found[0]) if found.size else None

    def places(self, star_ids) -> np.ndarray:
        """The places of those stars that are in the sample."""
        return np.flatnonzero(np.isin(self.ids, np.array(star_ids, dtype=str)))


class Facts(NamedTuple):
    """What is known of the stars of a sample so far.

    fits by model name; reference: labels that came with the stars, or None; anomalies
    by the model that explains most, None before any star is fitted.
    """

    fits: "Mapping[str, SurveyFits]"
    reference: "Labels | None"
    anomalies: "Anomalies | None"
    judge: str


def samples_of(session: Session) -> dict[str, Sample]:
    """The samples of all loaded sets of stars, by title; single stars are left out.

    A set that was opened later is told apart by the id of its first star.
    """
    from stellar_gui.surveys import samples

    by_set: dict[int, list[str]] = {}
    for star_id, (place, _) in session.stars.items():
        by_set.setdefault(place, []).append(star_id)
    found: dict[str, Sample] = {}
    for ids in by_set.values():
        if len(ids) == 1 and len(by_set) > 1:
            continue
        spectra, names = session.set_of(ids[0]), np.array(ids)
        behind = f" from {ids[0]}" if found else ""
        for title, rows in samples(spectra).items():
            title = f"{title}{behind}"
            found[title] = Sample(title, spectra, rows, names[rows])
    return found


class SurveySource:
    """A sample, the surveys of it by every model, and what is known of them."""

    def __init__(self, session: Session, changed: Callable[[], None]):
        self._session, self._changed = session, changed
        self.sample: Sample | None = None
        self.surveys: dict[str, Survey] = {}
        self.triage: Triage | None = None
        self.facts: Facts | None = None
        self.problem = ""
        self.fitting = False  # until all are finished, or somebody says stop
        self._latents: dict[tuple[str, str], np.ndarray | None] = {}
        self._n_done: dict[str, int] = {}
        self._reading = False
        self._tried = ""  # the model that was started last, here or elsewhere
        self._starting: Survey | None = None  # no word of its process yet
        self._began = self._next_read = 0.0
        when_left(self.leave)

    # ---- the sample and its surveys

    def choose(self, sample: Sample) -> None:
        """Look at another sample, or at the same with models loaded since."""
        self.leave()
        self.sample, self.surveys, self.facts = sample, {}, None
        self.triage, self.problem, self.fitting = None, "", False
        self._n_done, self._tried, self._starting = {}, "", None
        in_background(
            partial(_prepared, self._session, sample), partial(self._found, sample)
        )

    def _found(self, sample, result):
        if sample is not self.sample:
            return
        if isinstance(result, Exception):
            self.problem = str(result)
            self._changed()
            return
        self.surveys, self.triage = result
        self._tried = self._joined() or ""
        self.fitting = bool(self._tried)
        self._read()

    def look(self) -> bool:
        """Read what was fitted since the last look; whether anything is going on."""
        if not self.surveys:
            return False
        if self.fitting and not self._reading:
            self._go_on()
        n_done = {name: survey.n_done for name, survey in self.surveys.items()}
        soon = self.fitting and self.left and time.monotonic() < self._next_read
        if n_done != self._n_done and not self._reading and not soon:
            self._read()
        return self.fitting

    def _read(self):
        self._reading, self._began = True, time.monotonic()
        self._n_done = {name: survey.n_done for name, survey in self.surveys.items()}
        sample, session = self.sample, self._session
        work = partial(_facts, session, sample, dict(self.surveys), self._latents)
        in_background(work, partial(self._took, sample))

    def _took(self, sample, result):
        self._reading, now = False, time.monotonic()
        self._next_read = now + max(_PATIENCE, _REST * (now - self._began))
        if sample is not self.sample:
            return
        if isinstance(result, Exception):
            self.problem = str(result)
        else:
            self.facts = result
        self._changed()

    # ---- fitting

    @property
    def left(self) -> list[str]:
        """Names of the models that have stars left to fit."""
        return [n for n, s in self.surveys.items() if s.n_done < len(s)]

    @property
    def running(self) -> str | None:
        """The model that is being fitted by; None if none is."""
        states = {name: survey.state for name, survey in self.surveys.items()}
        return next(
            (name for name, state in states.items() if state == "running"), None
        )

    def start(self) -> None:
        """Fit all stars that are left, by one model after the other.

        A model that failed before is tried again.
        """
        self.fitting, self.problem, self._tried = True, "", ""
        self._go_on()

    def _go_on(self):
        # until the process is there, the state is that of an earlier one
        if self._starting is not None or self._joined() is not None:
            return
        left = self.left
        if not left:
            self.fitting = False
            return
        survey = self.surveys[left[0]]
        state = survey.state
        if self._tried == left[0] and state in ("failed", "stopped"):
            self.fitting = False
            if state == "failed":
                self.problem = f"the fits by {left[0]} ended: {survey.error}"
            self._changed()
            return
        self._tried, self._starting = left[0], survey
        in_background(survey.start, partial(self._started, survey))

    def _joined(self):
        """The model that is being fitted by, which is waited for from now on."""
        running = self.running
        if running is not None:
            self.surveys[running].join()
        return running

    def _started(self, survey, result):
        if survey is not self._starting:
            return
        self._starting = None
        if not self.fitting:  # somebody said stop meanwhile
            survey.stop()
        if isinstance(result, Exception):
            self.fitting = False
            self.problem = f"the fits were not started: {result}"
            self._changed()

    def stop(self) -> None:
        """Stop after the batch that is being fitted; what is made stays.

        While others wait for the fits they go on, which is said.
        """
        self.fitting = False
        for survey in self.surveys.values():
            if survey.state == "running":
                survey.stop()
                if survey.is_awaited:
                    notify("info", "the fits go on: another tab waits for them")

    def leave(self) -> None:
        """Need none of the fits any more, as when the session has ended."""
        for survey in self.surveys.values():
            survey.leave()

    @property
    def progress(self) -> tuple[int, int]:
        """Fits that are made, and all there are to make."""
        total = sum(len(survey) for survey in self.surveys.values())
        return sum(survey.n_done for survey in self.surveys.values()), total

    @property
    def seconds_left(self) -> float:
        """About how long the fits take that are left, of a processor."""
        seconds = 0.0
        for name, survey in self.surveys.items():
            fits = None if self.facts is None else self.facts.fits.get(name)
            n_pixels = self.sample.spectra.n_pixels
            each = _SECONDS.get(self._session.kinds[name], 0.02) * n_pixels / 1000
            if fits is not None and fits.done.any():
                each = fits.seconds / fits.done.sum()
            seconds += each * (len(survey) - survey.n_done)
        return seconds

    # ---- models and labels

    def kind(self, name: str) -> str:
        """The kind of a model."""
        return self._session.kinds[name]

    def shown_fits(self, name: str) -> "SurveyFits":
        """Fits by a model with its labels as they are shown: moved by zero points."""
        fits = self.facts.fits[name]
        by = self._session.offsets.get(name, {})
        moved = fits.labels + np.array(
            [by.get(label, 0.0) for label in fits.label_names]
        )
        return dataclasses.replace(fits, labels=moved)

    def labels(self, name: str) -> "Labels":
        """Labels by a model as they are shown, NaN where its fit did not converge."""
        from stellar_gui.analysis.agreement import fitted_labels

        fits = self.shown_fits(name)
        labels = fitted_labels(fits)
        known = fits.converged[:, np.newaxis]
        return labels._replace(values=np.where(known, labels.values, np.nan))

    def training(self, name: str) -> "Labels | None":
        """Labels of the stars that a model was trained on; None if it keeps none."""
        from stellar_gui.analysis.agreement import Labels

        model = self._session.models[name]
        values = getattr(model, "training_labels", None)
        if values is None:
            return None
        return Labels(tuple(model.label_names), np.asarray(values, dtype=float))


def _prepared(session, sample):
    """Surveys of a sample by every model, and what was decided on its stars."""
    from stellar_gui.surveys import Survey, Triage
    from stellar_gui.surveys.key import data_fingerprint

    data = data_fingerprint(sample.spectra, sample.rows)
    surveys = {
        name: Survey(sample.spectra, sample.rows, model, data=data)
        for name, model in session.models.items()
    }
    return surveys, Triage(data)


def _facts(session, sample, surveys, kept_latents):
    """What is known of a sample by now; latents are encoded once and kept."""
    from stellar_gui.analysis.agreement import Labels, reference_labels
    from stellar_gui.analysis.anomaly import anomalies

    fits = {name: survey.fits() for name, survey in surveys.items()}
    reference = reference_labels(sample.spectra)
    if reference is not None:
        covariance = reference.covariance
        reference = Labels(
            reference.names,
            reference.values[sample.rows],
            None if covariance is None else covariance[sample.rows],
        )
    judge = judge_of(session.kinds, fits)
    if judge is None or not fits[judge].done.any():
        return Facts(fits, reference, None, judge or "")
    model, folder = session.models[judge], fits[judge].folder.name
    if (folder, judge) not in kept_latents:
        kept_latents[folder, judge] = _latents(model, sample)
    training = getattr(model, "training_labels", None)
    found = anomalies(
        fits[judge],
        reference,
        None if training is None else np.asarray(training),
        kept_latents[folder, judge],
    )
    return Facts(fits, reference, found, judge)


def judge_of(kinds: Mapping[str, str], fits: "Mapping[str, SurveyFits]") -> str | None:
    """The model whose residuals tell odd stars: a transferred one explains most.

    Of those with fits; the first model if none has any, None without one.
    """
    fitted = [name for name in fits if fits[name].done.any()]
    names = sorted(fitted, key=lambda name: kinds[name] != TRANSFERRED)
    return next(iter(names or fits), None)


def _latents(model, sample):
    """z_shared of the stars' own spectra (n_stars, n); None where they have none."""
    if not hasattr(model, "encode"):
        return None
    from stellar_gui.analysis.latents import filled, latents
    from stellar_gui.models.own_grid import check_own_grid

    stars = sample.spectra[sample.rows]
    try:
        check_own_grid(model, stars)
    except ValueError:
        return None
    return latents(model, filled(model, stars), "obs")
