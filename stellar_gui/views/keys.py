"""The keys: which command each calls, and how the help and the status line say it.

Arrows, ``/``, T, U, Esc and ``?`` mean the same everywhere; others belong to a page.
"""

_EVERYWHERE = {
    "ArrowLeft": "previous",
    "ArrowRight": "next",
    "t": "stars",
    "/": "search",
    "u": "undo",
    "Escape": "escape",
    "?": "help",
}

_PAGE_KEYS = {
    "star": {
        "[": "piece_back",
        "]": "piece_on",
        "1": "model_1",
        "2": "model_2",
        "3": "model_3",
        "l": "lines",
        "r": "residual",
        "0": "reset",
    },
    "elements": {
        "[": "map_back",
        "]": "map_on",
        "ArrowUp": "element_up",
        "ArrowDown": "element_down",
        "n": "next_residual",
        "c": "next_explained",
        "0": "map_reset",
    },
    "domains": {
        "a": "lasso_a",
        "b": "lasso_b",
        "p": "pan",
        "Enter": "open_star",
    },
    "survey": {
        "j": "triage_next",
        "k": "triage_back",
        "a": "accept",
        "f": "flag",
        "o": "note",
        "s": "sort_next",
        "u": "survey_undo",
        "Enter": "open_star",
    },
    "training": {
        " ": "run_pause",
        ",": "checkpoint_back",
        ".": "checkpoint_on",
        "s": "run_stop",
    },
}

_PAGE_HELP = {
    "star": [
        (["[", "]"], "previous, next piece of the spectrum"),
        (["1", "2", "3"], "show or hide a model"),
        (["L"], "line names"),
        (["R"], "residuals as z-scores or as flux"),
        (["0"], "whole piece again"),
    ],
    "elements": [
        (["[", "]"], "previous, next piece of the spectrum"),
        (["↑", "↓"], "the element above, below in the map, for the last one chosen"),
        (["N"], "pick the next strongest residual of the fit"),
        (["C"], "next piece where an element explains what a transfer adds"),
        (["0"], "whole piece again"),
    ],
    "domains": [
        (["A"], "a drag draws group A"),
        (["B"], "a drag draws group B"),
        (["P"], "a drag moves the map"),
        (["Enter"], "look at the star on the Star page"),
    ],
    "survey": [
        (["J", "K"], "next, previous star of the triage list"),
        (["A"], "accept the star; once more takes it back"),
        (["F"], "flag the star; once more takes it back"),
        (["O"], "write a note on the star"),
        (["S"], "sort the stack by the next quantity"),
        (["Enter"], "look at the star on the Star page"),
    ],
    "training": [
        (["Space"], "pause the run, or let it go on"),
        ([",", "."], "previous, next checkpoint of the replay"),
        (["S"], "stop the run and save its state"),
    ],
}

HINTS = {
    "star": [
        (["←", "→"], "star"),
        (["[", "]"], "piece"),
        (["1", "2"], "models"),
        (["L"], "lines"),
        (["R"], "residual"),
        (["?"], "all keys"),
    ],
    "elements": [
        (["[", "]"], "piece"),
        (["↑", "↓"], "element"),
        (["N"], "next residual"),
        (["Esc"], "unpick"),
        (["?"], "all keys"),
    ],
    "domains": [
        (["A", "B"], "lasso group"),
        (["Esc"], "clear"),
        (["click"], "select star"),
        (["Enter"], "open star"),
        (["?"], "all keys"),
    ],
    "survey": [
        (["J", "K"], "next, previous"),
        (["A", "F"], "accept, flag"),
        (["S"], "sort"),
        (["U"], "undo"),
        (["?"], "all keys"),
    ],
    "training": [
        (["Space"], "pause"),
        ([",", "."], "checkpoint"),
        (["S"], "stop and save"),
        (["←", "→"], "star"),
        (["?"], "all keys"),
    ],
}
"""What the status line of each page reminds of."""


def commands_of(page: str) -> dict[str, str]:
    """Key, as a browser names it, to command, on a page.

    >>> commands_of("training")["u"], commands_of("star")["l"]
    ('undo', 'lines')
    """
    return _EVERYWHERE | _PAGE_KEYS[page]


def help_of(page: str) -> list[tuple[list[str], str]]:
    """All keys of a page and what each does."""
    return [
        (["←", "→"], "previous, next star in the order of the star list"),
        (["T"], "star list"),
        (["/"], "find a star by its id"),
        *_PAGE_HELP[page],
        (["U"], "undo the last change on this page"),
        (["Esc"], "let go of the picked pixel, close what is open"),
        (["?"], "this list"),
    ]
