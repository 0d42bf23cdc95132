"""The keys: which command each calls, and how the help and the status line say it."""

COMMANDS = {
    "ArrowLeft": "previous",
    "ArrowRight": "next",
    "t": "stars",
    "/": "search",
    "u": "undo",
    "Escape": "escape",
    "?": "help",
    "[": "piece_back",
    "]": "piece_on",
    "1": "model_1",
    "2": "model_2",
    "3": "model_3",
    "l": "lines",
    "r": "residual",
    "0": "reset",
}
"""Key, as a browser names it, to command. Letters from L on belong to the Star page."""

HELP = [
    (["←", "→"], "previous, next star in the order of the star list"),
    (["T"], "star list"),
    (["/"], "find a star by its id"),
    (["[", "]"], "previous, next piece of the spectrum"),
    (["1", "2", "3"], "show or hide a model"),
    (["L"], "line names"),
    (["R"], "residuals as z-scores or as flux"),
    (["0"], "whole piece again"),
    (["U"], "undo the last change"),
    (["Esc"], "let go of the picked pixel, close what is open"),
    (["?"], "this list"),
]

HINTS = [
    (["←", "→"], "star"),
    (["[", "]"], "piece"),
    (["1", "2"], "models"),
    (["L"], "lines"),
    (["R"], "residual"),
    (["?"], "all keys"),
]
