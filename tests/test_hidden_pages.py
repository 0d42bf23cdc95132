"""Pages that are hidden draw nothing, and are right when they are shown again."""

import numpy as np
import pytest
from bokeh.document import Document

from stellar_gui.views.star import StarPage
from tests.element_session import looked_at
from tests.small_transfer import GRID


def drawing_of(page):
    """All that is sent to a browser of a page from now on."""
    document, sent = Document(), []
    document.add_root(page.__panel__().get_root(document))
    document.on_change(sent.append)
    return sent


def look_around(selection, session):
    """Change all that a page could draw."""
    selection.choose(star=session.ids[1], pixel=float(GRID[20]))
    selection.choose(star=session.ids[2], window=(float(GRID[5]), float(GRID[40])))
    selection.choose(models=session.kinds.keys() - {"Cannon"}, elements=("Mg",))
    group_a = (session.ids[0], session.ids[2])
    selection.choose(star=session.ids[3], group_a=group_a, pixel=float(GRID[30]))


@pytest.mark.parametrize(("name", "Page"), [("star", StarPage)])
def test_a_hidden_page_draws_nothing(name, Page):
    selection, session = looked_at(page=name)
    sent = drawing_of(Page(selection, session))
    selection.choose(star=session.ids[1])
    assert sent
    selection.choose(page="training")
    sent.clear()
    look_around(selection, session)
    assert sent == []
    selection.choose(page=name)
    assert sent


def test_the_star_page_is_right_when_it_is_shown_again():
    selection, session = looked_at(page="star")
    page = StarPage(selection, session)
    selection.choose(page="survey")
    look_around(selection, session)
    assert page.context.bar.state["star"] == session.ids[0]
    selection.choose(page="star")
    fresh = StarPage(selection, session)
    for part in ("context.bar", "labels.table", "spectrum.title", "spectrum.numbers"):
        view, widget = part.split(".")
        shown = getattr(getattr(page, view), widget).state
        expected = getattr(getattr(fresh, view), widget).state
        assert shown["star" if "star" in shown else "models"]
        figures = {"figures": None, "name": None}  # named anew for each page
        assert shown | figures == expected | figures
    assert page.status.state == fresh.status.state
    drawn, expected = (p.spectrum.figures.pixels.all.data for p in (page, fresh))
    for column in expected:
        np.testing.assert_array_equal(drawn[column], expected[column])
