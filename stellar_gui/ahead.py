"""Ahead: fits made before they are asked for, in a thread of a session's own.

The neighbours of the star that is looked at come first, then the survey around it.
Knows a session by what it does, and never keeps one alive that has ended.
"""

import logging
import threading
import time
import weakref

_BATCH = 16  # stars fitted together
_NEAR = 3  # stars on each side that are kept ready for the next key press
_REACH = 3000  # stars on each side that are fitted
_QUIET_SECONDS = 1.5  # the processor is left alone after a key press
_PAGE_SECONDS = 5.0  # for a first page, which loads models and makes its fits itself
_LOG = logging.getLogger(__name__)


class Ahead:
    """The work ahead of one session; `prefetch` says where it is wanted."""

    def __init__(self, session):
        self._session = weakref.ref(session)
        self._worker: threading.Thread | None = None
        self._centre = ""
        self._asked_at = 0.0
        self._page_first = False  # until its models are there, and the fits it shows
        self._closed = False

    def prefetch(self, star_id: str) -> None:
        """Make the neighbours of a star ready, then the survey."""
        self._centre = star_id
        self._asked_at = time.monotonic()
        session = self._session()
        if self._worker is None and session is not None:
            self._page_first = not session.loaded
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._run, daemon=True)
            self._worker.start()

    def close(self) -> None:
        """Stop; what is being computed is finished first."""
        self._closed = True

    def wait(self, timeout: float | None = None) -> None:
        """Wait until there is nothing left to do."""
        if self._worker is not None:
            self._worker.join(timeout)

    def _run(self):
        """Work until nothing is left. A fault ends it; fits on demand go on."""
        try:
            while not self._closed:
                session = self._session()
                if session is None or not self._work(session):
                    return
                del session
        except Exception:
            _LOG.exception("the work ahead has stopped")

    def _work(self, session):
        """Do one piece of work; False if nothing is left to do."""
        since = time.monotonic() - self._asked_at
        if self._page_first and since < _PAGE_SECONDS:
            time.sleep(0.05)
            self._page_first = not (session.loaded and self._is_shown(session))
            return True
        quiet = since >= _QUIET_SECONDS
        centre = max(session.position(self._centre), 0)
        first, near = max(centre - _NEAR, 0), session.order[: centre + _NEAR + 1]
        for place in sorted(range(first, len(near)), key=lambda p: abs(p - centre)):
            star_id = near[place]
            for name in session.models:
                if not session.has_fit(name, star_id):
                    session.fit(name, star_id)
                    return True
        if not quiet:
            time.sleep(0.05)
            return True
        for name in session.models:
            batch = _unfitted(session, name, centre)
            if batch:
                session.fit_together(name, batch)
                return True
        return False

    def _is_shown(self, session):
        """Whether the star that is looked at has all its fits, or is none."""
        names, star_id = session.models, self._centre
        if session.position(star_id) < 0:
            return True
        return all(session.has_fit(name, star_id) for name in names)


def _unfitted(session, name, centre):
    """Up to a batch of stars of one set without a fit, near the centre first."""
    n_blocks = -(-len(session.order) // _BATCH)
    here, reach = centre // _BATCH, min(_REACH, int(0.4 * session.room))
    for block in sorted(range(n_blocks), key=lambda b: abs(b - here)):
        if abs(block - here) * _BATCH > reach:
            break
        ids = session.order[block * _BATCH : (block + 1) * _BATCH]
        unfitted = [s for s in ids if session.summary(name, s) is None]
        if unfitted:
            same = session.set_of(unfitted[0])
            return [s for s in unfitted if session.set_of(s) is same]
    return []
