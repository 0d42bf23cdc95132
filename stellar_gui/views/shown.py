"""Pages that are hidden draw nothing: they catch up when they are shown again."""

from collections.abc import Callable, Iterable

from stellar_gui.selection import Selection


def watch_while_shown(
    selection: Selection,
    page: str,
    changed: Callable[[frozenset[str]], None],
    names: Iterable[str],
) -> None:
    """Call ``changed`` with those of the parameters that have changed, page shown.

    What changes while another page is shown is said once, when ``page`` is shown again.

    >>> selection = Selection(page="star")
    >>> watch_while_shown(selection, "survey", print, ["window", "pixel"])
    >>> _ = selection.choose(pixel=6100.0)
    >>> _ = selection.choose(pixel=6200.0)
    >>> _ = selection.choose(page="survey")
    frozenset({'pixel'})
    """
    missed: set[str] = set()

    def hear(*events):
        missed.update(event.name for event in events if event.name != "page")
        if missed and selection.page == page:
            told = frozenset(missed)
            missed.clear()
            changed(told)

    selection.param.watch(hear, [*names, "page"])
