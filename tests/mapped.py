"""A Domains page of a small survey, as a session opens it, and what it is asked for."""

from typing import NamedTuple

from stellar_gui.lasso import Lasso
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.domains import DomainsPage
from tests.small_domains import small_domains, wide_transfer

NAME = "Cycle-StarNet"


class Opened(NamedTuple):
    """A page, and what it is wired to."""

    page: DomainsPage
    selection: Selection
    session: Session


def open_domains(n_mine=2) -> Opened:
    """A page of 60 stars that are on the maps; the user opened further ones."""
    session = Session(small_domains(60), {NAME: wide_transfer(60)})
    session.add_spectra(small_domains(n_mine, seed=99, prefix="mine"))
    names = tuple(session.kinds)
    selection = Selection(session.stars, names, star="star-0003", page="domains")
    return Opened(DomainsPage(selection, session), selection, session)


def alone(folder, monkeypatch) -> list:
    """Have maps kept in a folder, and no process started; return the jobs that were."""
    monkeypatch.setenv("STELLAR_GUI_CACHE", str(folder))
    started = []
    monkeypatch.setattr(
        "stellar_gui.jobs.Job.start", lambda job, *request: started.append(job)
    )
    return started


def box(points, space, stars, margin=0.01) -> Lasso:
    """A lasso around these stars alone is too much to ask: a box that holds them."""
    place = list(points.maps).index(space)
    where = points.places[points.rows_of(stars), place]
    (left, bottom), (right, top) = where.min(0) - margin, where.max(0) + margin
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    return Lasso(points.maps[space].map_id, corners)
