"""Selection: what the user looks at, the one source of truth of all linked views.

Views watch it and write to it, never to each other. It stands in the address of the
page, so that a view can be bookmarked and shared, and it remembers its changes, so that
the last one can be undone. Uses param only, never Panel.
"""

import math
import time
from collections.abc import Container, Mapping

import param

from stellar_gui.labels import describe
from stellar_gui.lasso import Lasso
from stellar_gui.masked import MaskedWindow

PAGES = ("star", "domains", "elements", "survey", "training")
MODES = ("synthetic", "transferred", "difference")  # of derivatives
COUNTED = ("all", "window", "outside")  # pixels, in what a spectrum can tell
_DRAGGED = ({"window"}, {"given"})  # what is dragged
_DRAG_SECONDS = 0.8  # changes of it this close together are one drag
_MOST_MASKED = 40  # as many as an address can carry
_SENSIBLE = {"K": (1000, 100_000), "dex": (-10, 10), "km/s": (-100, 1000)}  # of labels
_MAX_HISTORY = 200
_NO_FOLDER = frozenset('/\\:*?"<>|\0')  # the name of a run is that of its folder


class Selection(param.Parameterized):
    """Page, star, window, models and what is picked, for one browser session.

    ``stars`` and ``model_names`` say what exists; they are no part of the selection.
    Assigning a parameter is for views that know the value exists. ``choose`` and
    ``from_query`` take anything, drop what makes no sense and say so.

    >>> selection = Selection(stars={"a", "b"}, model_names=("Cannon", "Payne"))
    >>> selection.from_query("?star=b&models=Payne&window=5000-4000")
    ['window is 5000-4000, expected low-high in Å such as 6430-6458; it is ignored']
    >>> selection.to_query()
    '?star=b&models=Payne'
    >>> selection.undo(), selection.star
    (True, '')
    """

    page = param.String(default="star", doc="name of the page")
    star = param.String(default="", doc="star id; empty when there is none")
    window = param.Tuple(
        default=None, length=2, allow_None=True, doc="(low, high) in Å shown; None: all"
    )
    models = param.ClassSelector(
        class_=tuple, default=(), doc="names of the models that are shown"
    )
    pixel = param.Number(default=None, allow_None=True, doc="picked wavelength, Å")
    group_a = param.ClassSelector(class_=tuple, default=(), doc="ids of chosen stars")
    group_b = param.ClassSelector(class_=tuple, default=(), doc="ids to compare with")
    lasso_a = param.ClassSelector(
        class_=Lasso, default=None, allow_None=True, doc="where group A was drawn"
    )
    lasso_b = param.ClassSelector(class_=Lasso, default=None, allow_None=True)
    elements = param.ClassSelector(class_=tuple, default=(), doc="chosen elements")
    derivatives = param.String(
        default="", doc='whose are shown, "Payne:difference"; empty: the usual'
    )
    given = param.ClassSelector(
        class_=tuple, default=(), doc="(label, value) by hand; empty: the star's fit"
    )
    masked = param.ClassSelector(
        class_=tuple, default=(), doc="windows that limits leave out, MaskedWindow each"
    )
    counted = param.String(default="all", doc="pixels that limits count, of COUNTED")
    run = param.String(default="", doc="names of training runs, with commas between")

    def __init__(
        self,
        stars: Container[str] = (),
        model_names: tuple[str, ...] = (),
        usual_models: tuple[str, ...] | None = None,
        **values,
    ):
        """usual_models: what an address that names none shows; by default all."""
        usual = model_names if usual_models is None else usual_models
        values.setdefault("models", tuple(usual))
        super().__init__(**values)
        self.stars = stars
        self.model_names, self.usual_models = tuple(model_names), tuple(usual)
        self._history: list[tuple[str, dict]] = []
        self._changed_at = -math.inf
        self._undoing = False
        self.param.watch(self._remember, _FIELDS)

    def _remember(self, *events):
        if self._undoing:
            return
        old = {event.name: event.old for event in events if event.name != "page"}
        now = time.monotonic()
        drags_on = (
            set(old) in _DRAGGED
            and self._history
            and set(self._history[-1][1]) == set(old)
            and now - self._changed_at < _DRAG_SECONDS
        )
        self._changed_at = now
        if old and not drags_on:
            self._history.append((self.page, old))
            del self._history[:-_MAX_HISTORY]

    def undo(self) -> bool:
        """Take back the last change made on this page; False if there is none.

        A change of page is no change of what is looked at: the browser goes back.
        """
        here = [k for k, (page, _) in enumerate(self._history) if page == self.page]
        if not here:
            return False
        self._undoing = True
        try:
            self.param.update(**self._history.pop(here[-1])[1])
        finally:
            self._undoing = False
        return True

    def start_here(self) -> None:
        """Forget the changes so far: the view is where the user comes in."""
        self._history.clear()

    def add_model_name(self, name: str, *, usual: bool = True) -> None:
        """Say that a model exists now, and show it; usual: without being named."""
        if name not in self.model_names:
            self.model_names = (*self.model_names, name)
            self.usual_models += (name,) if usual else ()
        self.choose(models=(*self.models, name))

    def choose(self, **values) -> list[str]:
        """Change several parameters at once; return a sentence for each refused value.

        Never raises for a value: what makes no sense is left as it was.
        """
        accepted, refused = {}, []
        for name, value in values.items():
            try:
                accepted[name] = _CHECKS[name](self, value)
            except (ValueError, TypeError) as error:
                refused.append(f"{error}; it is ignored")
            except KeyError:
                refused.append(f"{name!r} is no part of a selection; it is ignored")
        self.param.update(**accepted)
        return refused

    @property
    def runs(self) -> tuple[str, ...]:
        """Names of the chosen runs: the one that is looked at, then others beside it.

        >>> Selection(run="payne-002,payne-001").runs
        ('payne-002', 'payne-001')
        """
        return _names(self.run)

    def toggle_model(self, name: str) -> None:
        """Show a hidden model or hide a shown one; the order is that of all models."""
        shown = set(self.models) ^ {name}
        self.choose(models=tuple(n for n in self.model_names if n in shown))

    def to_query(self) -> str:
        """Return the selection as the query of an address: '' or '?star=…&…'."""
        from urllib.parse import quote

        parts = []
        if self.page != "star":
            parts.append(("page", self.page))
        if self.star:
            parts.append(("star", self.star))
        if self.window is not None:
            parts.append(("window", "{:.2f}-{:.2f}".format(*self.window)))
        if self.models != self.usual_models:
            parts.append(("models", ",".join(self.models) or "none"))
        if self.pixel is not None:
            parts.append(("pixel", f"{self.pixel:.2f}"))
        for name in ("a", "b"):
            lasso, group = (
                getattr(self, f"lasso_{name}"),
                getattr(self, f"group_{name}"),
            )
            if lasso is not None:
                parts.append((f"lasso_{name}", str(lasso)))
            elif group:
                parts.append((f"group_{name}", ",".join(group)))
        if self.elements:
            parts.append(("elements", ",".join(self.elements)))
        if self.derivatives:
            parts.append(("derivatives", self.derivatives))
        if self.given:
            labels = (f"{name}:{value:.10g}" for name, value in self.given)
            parts.append(("given", ",".join(labels)))
        if self.masked:
            parts.append(("masked", ",".join(map(str, self.masked))))
        if self.counted != "all":
            parts.append(("counted", self.counted))
        if self.run:
            parts.append(("run", self.run))
        query = "&".join(f"{name}={quote(value, safe=',;:')}" for name, value in parts)
        return f"?{query}" if query else ""

    def from_query(self, query: str | Mapping[str, str]) -> list[str]:
        """Take over what an address says; return a sentence for each refused value.

        What the address does not name gets its default, the star excepted. A group that
        was drawn stays while its lasso does. Keys that are no part of a selection are
        left to others without a word.
        """
        from urllib.parse import parse_qsl

        if isinstance(query, str):
            query = dict(parse_qsl(query.lstrip("?"), keep_blank_values=True))
        values = {
            "page": "star",
            "window": None,
            "models": self.usual_models,
            "pixel": None,
            "group_a": (),
            "group_b": (),
            "lasso_a": None,
            "lasso_b": None,
            "elements": (),
            "derivatives": "",
            "given": (),
            "masked": (),
            "counted": "all",
            "run": "",
        }
        values |= {name: query[name] for name in _FIELDS if name in query}
        for name in ("a", "b"):
            lasso = getattr(self, f"lasso_{name}")
            if lasso is not None and values[f"lasso_{name}"] == str(lasso):
                values[f"group_{name}"] = getattr(self, f"group_{name}")
        return self.choose(**values)


_FIELDS = [
    *("page", "star", "window", "models", "pixel", "elements", "derivatives", "run"),
    *("group_a", "group_b", "lasso_a", "lasso_b", "given", "masked", "counted"),
]


def _page(selection, value):
    if value not in PAGES:
        raise ValueError(f"page is {value!r}, expected one of {', '.join(PAGES)}")
    return value


def _star(selection, value):
    if value not in selection.stars:
        raise ValueError(
            f"star {value!r} is not in this survey, expected an id from the star list"
        )
    return value


def _window(selection, value):
    if value is None or value == "":
        return None
    problem = (
        f"window is {value}, expected low-high in Å such as 6430-6458"
        if isinstance(value, str)
        else f"window is {value!r}, expected (low, high) in Å"
    )
    try:
        low, high = value.split("-") if isinstance(value, str) else value
        low, high = float(low), float(high)
    except (ValueError, TypeError):
        raise ValueError(problem) from None
    if not (math.isfinite(low) and math.isfinite(high) and 0 < low < high):
        raise ValueError(problem)
    return low, high


def _names(value):
    if isinstance(value, str):
        value = [] if value in ("", "none") else value.split(",")
    return tuple(dict.fromkeys(value))


def _models(selection, value):
    names = _names(value)
    unknown = [name for name in names if name not in selection.model_names]
    if unknown:
        raise ValueError(
            f"model {unknown[0]!r} is not loaded, expected some of "
            f"{', '.join(selection.model_names) or 'none'}"
        )
    return tuple(name for name in selection.model_names if name in names)


def _pixel(selection, value):
    if value is None or value == "":
        return None
    try:
        value = float(value)
    except (ValueError, TypeError):
        raise ValueError(f"pixel is {value!r}, expected a wavelength in Å") from None
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"pixel is {value!r}, expected a wavelength in Å above 0")
    return value


def _group(selection, value):
    return tuple(star for star in _names(value) if star in selection.stars)


def _lasso(selection, value):
    if value is None or isinstance(value, Lasso):
        return value
    return Lasso.parse(value) if value else None


def _elements(selection, value):
    return tuple(name for name in _names(value) if name.isalpha() and len(name) <= 2)


def _derivatives(selection, value):
    model, _, mode = value.rpartition(":")
    if value and (model not in selection.model_names or mode not in MODES):
        raise ValueError(
            f"derivatives is {value!r}, expected a loaded model and one of "
            f"{', '.join(MODES)}, such as Payne:difference"
        )
    return value


def _given(selection, value):
    if isinstance(value, str):
        value = [part.partition(":")[::2] for part in _names(value)]
    pairs = value.items() if isinstance(value, Mapping) else value or ()
    return tuple((name, _label_value(name, own)) for name, own in dict(pairs).items())


def _label_value(name, value):
    """A label's value to a tenth of its last digit."""
    about = describe(name)
    low, high = _SENSIBLE.get(about.unit, (-math.inf, math.inf))
    try:
        found = float(value)
    except (ValueError, TypeError):
        found = math.nan
    if not name.isidentifier() or not math.isfinite(found):
        raise ValueError(
            f"given is {name}:{value}, expected labels and their values such as "
            "teff:5777,logg:4.44,fe_h:0"
        )
    if not low <= found <= high:
        raise ValueError(
            f"given is {name}:{value}, expected {about.title} from {low} to {high} "
            f"{about.unit}"
        )
    return round(found, about.decimals + 1) + 0.0  # no -0


def _masked(selection, value):
    if isinstance(value, str):
        value = [MaskedWindow.parse(text) for text in _names(value)]
    windows = tuple(dict.fromkeys(value or ()))
    if len(windows) > _MOST_MASKED:
        raise ValueError(
            f"masked has {len(windows)} windows, expected at most {_MOST_MASKED}, "
            "which fit into an address"
        )
    return windows


def _counted(selection, value):
    if value not in COUNTED:
        raise ValueError(f"counted is {value!r}, expected one of {', '.join(COUNTED)}")
    return value


def _run(selection, value):
    names = tuple(name.strip() for name in _names(value) if name.strip())
    odd = [name for name in names if set(name) & _NO_FOLDER or name in (".", "..")]
    if odd:
        raise ValueError(f"run is {odd[0]!r}, expected the name of a training run")
    return ",".join(names)


_CHECKS = {
    "page": _page,
    "star": _star,
    "window": _window,
    "models": _models,
    "pixel": _pixel,
    "group_a": _group,
    "group_b": _group,
    "lasso_a": _lasso,
    "lasso_b": _lasso,
    "elements": _elements,
    "derivatives": _derivatives,
    "given": _given,
    "masked": _masked,
    "counted": _counted,
    "run": _run,
}
