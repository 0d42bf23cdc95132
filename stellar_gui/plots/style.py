"""Every colour, font and number format of the interface; no other file has any.

Figures are drawn through a `Painter`, which remembers which token each Bokeh property
took, so that a change between light and dark is a repaint in place. Style sheets take
the same tokens as CSS variables. Imports nothing of the project and never Panel.
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
from bokeh.core.property.descriptors import UnsetValueError
from bokeh.models import FixedTicker, Model, Range1d, WheelZoomTool
from bokeh.palettes import Viridis256
from bokeh.plotting import figure as bokeh_figure

from stellar_gui.constants import MODEL_TITLES

FONT = "Roboto, Helvetica, Arial, sans-serif"
NO_COLOR = "rgba(0, 0, 0, 0)"
THIN_SPACE = "\u2009"
MINUS = "\u2212"
_LIKELY_WIDTH = 880  # px
_FOCUS = """
.bk-Canvas {
  --outline-width: 2px; --outline-style: var(--focus-style, solid);
  --highlight-color: var(--control, currentcolor);
}
"""
NOTHING = "\u2014"  # stands where a number is unknown


@dataclasses.dataclass(frozen=True)
class Tokens:
    """The colours of one theme, by what they mean. Hues belong to data alone."""

    page: str
    surface: str
    border: str
    ink: str
    ink2: str
    ink3: str
    grid: str
    axis: str
    control: str  # a selected control, and the ground it stands on
    control_ground: str
    observed: str
    sigma_band: str
    cannon: str
    payne: str
    cycle_starnet: str
    reference: str
    synthetic_domain: str
    observed_domain: str
    masked_ground: str
    masked_ink: str  # hatch and guides
    picked: str
    ok: str
    ok_ground: str
    warning: str
    warning_ground: str
    bad: str
    bad_ground: str
    zscore_negative: str
    zscore_positive: str
    alpha: str
    iron_peak: str
    odd_z: str
    cno: str
    neutron_capture: str


TOKENS = {
    "light": Tokens(
        page="#F4F6F8",
        surface="#FFFFFF",
        border="#D9DFE5",
        ink="#17212B",
        ink2="#51606E",
        ink3="#66727F",
        grid="#ECEFF2",
        axis="#8A95A1",
        control="#26384A",
        control_ground="#E2E9F0",
        observed="#1B2733",
        sigma_band="#C9D1D9",
        cannon="#C24E00",
        payne="#0B4A9E",
        cycle_starnet="#178552",
        reference="#5B6470",
        synthetic_domain="#7446B8",
        observed_domain="#9E6500",
        masked_ground="#E9ECF0",
        masked_ink="#87929E",
        picked="#D81B60",
        ok="#1B7A43",
        ok_ground="#E4F4EA",
        warning="#8A5A00",
        warning_ground="#FDF1D3",
        bad="#B3261E",
        bad_ground="#FCE8E6",
        zscore_negative="#2F6FB0",
        zscore_positive="#A85B14",
        alpha="#0069A8",
        iron_peak="#5A3212",
        odd_z="#B22864",
        cno="#687A17",
        neutron_capture="#2B1F73",
    ),
    "dark": Tokens(
        page="#0E1318",
        surface="#151C23",
        border="#2B3742",
        ink="#E7ECF1",
        ink2="#A9B6C3",
        ink3="#8A98A6",
        grid="#212B35",
        axis="#6C7A88",
        control="#C8D6E5",
        control_ground="#2B3947",
        observed="#E7ECF1",
        sigma_band="#3A4652",
        cannon="#FF8F4A",
        payne="#4D9DFF",
        cycle_starnet="#6FEBA8",
        reference="#AEB9C4",
        synthetic_domain="#BC9CF5",
        observed_domain="#F0BC4E",
        masked_ground="#222C36",
        masked_ink="#62707E",
        picked="#FF6FA3",
        ok="#5AD08C",
        ok_ground="#12301F",
        warning="#F2C14E",
        warning_ground="#37290B",
        bad="#FF8A80",
        bad_ground="#3B1715",
        zscore_negative="#6FA8E8",
        zscore_positive="#E0A15C",
        alpha="#5CB8F5",
        iron_peak="#EBC7B0",
        odd_z="#C46C98",
        cno="#8CCB5A",
        neutron_capture="#9A70EE",
    ),
}


class ModelStyle(NamedTuple):
    """How one kind of spectral model looks everywhere."""

    token: str  # field of `Tokens`
    title: str
    marker: str  # a Bokeh marker
    glyph: str  # the same shape as text


MODEL_STYLES = {
    "cannon": ModelStyle("cannon", MODEL_TITLES["cannon"], "circle", "●"),
    "payne": ModelStyle("payne", MODEL_TITLES["payne"], "square", "■"),
    "cycle_starnet": ModelStyle(
        "cycle_starnet", MODEL_TITLES["cycle_starnet"], "triangle", "▲"
    ),
}
REFERENCE_STYLE = ModelStyle("reference", "reference", "diamond", "◇")

FAMILY_TOKENS = {
    "alpha": "alpha",
    "iron_peak": "iron_peak",
    "odd_z": "odd_z",
    "cno": "cno",
    "neutron_capture": "neutron_capture",
    "atmosphere": "ink2",
    "other": "ink2",
}
"""The colour of each element family of `labels.FAMILIES`."""


def model_style(kind: str) -> ModelStyle:
    """The look of a kind of model; a kind without its own hue is drawn in grey."""
    return MODEL_STYLES.get(kind) or REFERENCE_STYLE._replace(title=kind)


_VISIBLE = {"light": slice(0, 222), "dark": slice(34, 256)}


def sequential(theme: str) -> list[str]:
    """Colours from low to high, all of which stand out from the surface of a theme."""
    return list(Viridis256[_VISIBLE[theme]])


def blend(ground: str, ink: str, n_colors: int) -> list[str]:
    """Return colours from the ground to the ink, "#RRGGBB" each.

    >>> blend("#000000", "#ffffff", 3)
    ['#000000', '#808080', '#ffffff']
    """
    ends = [np.array([int(c[k : k + 2], 16) for k in (1, 3, 5)]) for c in (ground, ink)]
    shares = np.linspace(0.0, 1.0, n_colors)[:, np.newaxis]
    return [
        "#{:02x}{:02x}{:02x}".format(*rgb)
        for rgb in np.rint(ends[0] + shares * (ends[1] - ends[0])).astype(int)
    ]


def css_variables(theme: str) -> str:
    """The tokens of ``theme`` as CSS declarations.

    >>> css_variables("light")[:31]
    '--page: #F4F6F8; --surface: #FF'
    """
    tokens = dataclasses.asdict(TOKENS[theme])
    return " ".join(
        f"--{name.replace('_', '-')}: {color};" for name, color in tokens.items()
    )


def number(value: float, decimals: int = 0, *, signed: bool = False) -> str:
    """A number as the interface writes it: true minus, thin space in thousands.

    Not finite gives an em dash; a value that rounds to zero has no minus.

    >>> number(-6449.2, 2), number(0.1, 2, signed=True), number(-0.001, 2)
    ('−6\u2009449.20', '+0.10', '0.00')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN_SPACE)
    if not any(digit in text for digit in "123456789"):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def plus_minus(value: float, sigma: float | None, decimals: int = 2) -> str:
    """Value and standard deviation as "4 647 ± 11"; sigma is left out where unknown.

    >>> plus_minus(2.408, 0.031)
    '2.41 ± 0.03'
    """
    if sigma is None or not math.isfinite(sigma) or not math.isfinite(value):
        return number(value, decimals)
    return f"{number(value, decimals)} ± {number(sigma, decimals)}"


def set_ticks(axis, positions, texts, minor=()):
    """Give a Bokeh axis these ticks, ``texts`` at ``positions``, and minor ones.

    A ticker is changed in place: a new one would make Bokeh search the whole page for
    its models again, which takes longer than drawing a star.
    """
    positions = [float(p) for p in positions]
    if not isinstance(axis.ticker, FixedTicker):
        axis.ticker = FixedTicker()
    axis.ticker.update(ticks=positions, minor_ticks=[float(p) for p in minor])
    axis.major_label_overrides = dict(zip(positions, map(str, texts), strict=True))


def inner_width(fig) -> int:
    """Width of a figure inside its borders, px; a guess until the browser says."""
    try:
        return fig.inner_width or _LIKELY_WIDTH
    except UnsetValueError:
        return _LIKELY_WIDTH


def zoom_by_wheel(fig) -> None:
    """Have the wheel zoom a figure from the start; it must have the tool."""
    tools = fig.toolbar.tools
    fig.toolbar.active_scroll = next(t for t in tools if isinstance(t, WheelZoomTool))


def without(fig, *parts) -> None:
    """Take axes and grids out of a figure: unlike hidden ones they cost no time."""
    for place in ("center", "left", "below"):
        kept = [part for part in getattr(fig, place) if part not in parts]
        setattr(fig, place, kept)


class Painter:
    """Draws in one theme and can repaint all that it drew in the other.

    Views hold one each; ``paint`` sets colour properties by token name and remembers
    them, ``repaint`` sets them again from the other palette, in place.
    """

    def __init__(self, theme: str = "light"):
        self.theme = theme
        self._painted: list[tuple[Model, dict[str, str]]] = []

    @property
    def tokens(self) -> Tokens:
        return TOKENS[self.theme]

    def paint(self, model: Model, **tokens: str) -> Model:
        """Set color properties of a Bokeh model by token name; returns the model.

        Raises AttributeError for a name that is not a token.
        """
        self._painted.append((model, tokens))
        self._apply(model, tokens)
        return model

    def repaint(self, theme: str) -> None:
        """Change everything painted so far to another theme.

        What a plot has left out since, such as the line of an axis, stays left out.
        """
        self.theme = theme
        for model, tokens in self._painted:
            drawn = {k: t for k, t in tokens.items() if getattr(model, k) is not None}
            self._apply(model, drawn)

    def _apply(self, model, tokens):
        model.update(**{k: getattr(self.tokens, token) for k, token in tokens.items()})

    def forget(self, models) -> None:
        """Stop repainting these models: they left the page."""
        gone = {id(model) for model in models}
        self._painted = [item for item in self._painted if id(item[0]) not in gone]

    def glyph(self, renderer, **tokens: str):
        """Paint a glyph renderer's glyph; returns the renderer.

        Nothing is selected in these figures: the looks for that are left out, because
        each model on a page makes the page slower to send.
        """
        renderer.update(nonselection_glyph=None, muted_glyph=None)
        self.paint(renderer.glyph, **tokens)
        return renderer

    def figure(
        self,
        *,
        width: int | None = None,
        height: int | None = None,
        x_range=None,
        y_range=None,
        borders=(6, 12, 34, 56),
        x_title: str | None = None,
        y_title: str | None = None,
        tools="",
        **options,
    ):
        """An empty figure in the house style.

        ``borders`` top, right, bottom, left in px are least borders, given so that
        stacked plots line up. Ticks inward, no frame, no toolbar, horizontal grid.
        """
        top, right, bottom, left = borders
        if width is None:
            options.setdefault("sizing_mode", "stretch_width")
        fig = bokeh_figure(
            width=width,
            height=height,
            x_range=x_range or Range1d(0, 1),
            y_range=y_range or Range1d(0, 1),
            tools=tools,
            toolbar_location=None,
            min_border_top=top,
            min_border_right=right,
            min_border_bottom=bottom,
            min_border_left=left,
            outline_line_color=None,
            margin=0,
            title=None,
            stylesheets=[_FOCUS],
            **options,
        )
        fig.toolbar.logo = None
        self.paint(fig, background_fill_color="surface", border_fill_color="surface")
        without(fig, *fig.xgrid)
        for grid in fig.ygrid:
            self.paint(grid, grid_line_color="grid")
        for axis, title in zip(fig.axis, (x_title, y_title), strict=True):
            self._axis(axis, title)
        return fig

    def _axis(self, axis, title):
        axis.update(
            axis_label=title,
            axis_label_text_font=FONT,
            axis_label_text_font_size="12px",
            axis_label_text_font_style="normal",
            axis_label_standoff=4,
            major_label_text_font=FONT,
            major_label_text_font_size="11px",
            major_label_standoff=4,
            major_tick_in=5,
            major_tick_out=0,
            minor_tick_in=3,
            minor_tick_out=0,
        )
        self.paint(
            axis,
            axis_line_color="axis",
            major_tick_line_color="axis",
            minor_tick_line_color="axis",
            major_label_text_color="ink2",
            axis_label_text_color="ink2",
        )
