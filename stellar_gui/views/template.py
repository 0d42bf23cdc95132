"""The page around the views: panel-material-ui's Page, with two work-arounds.

Page subscribes to the process-wide busy state and never lets go, which would keep every
session alive and send to all of them whatever one is busy with; and without a sidebar
it needs ``sidebar_variant="temporary"``, or the main area slides to the left.
"""

from urllib.parse import quote

import panel as pn
import panel_material_ui as pmui
from bokeh.themes import Theme
from panel.io.state import state

from stellar_gui.paths import assets
from stellar_gui.plots.style import FONT, TOKENS, css_variables

_OWN_COLORS = Theme(
    json={"attrs": {name: {} for name in ("Axis", "Grid", "Figure", "Plot", "Title")}}
)
"""Tells Page that figures bring their own colours; they come from plots/style.py."""


def make_page(*, header, main, theme: str) -> pmui.Page:
    """Return the page of one session, in ``theme``; `pn.state` keeps no hold of it."""
    before = {id(watcher) for watcher in _busy_watchers()}
    page = pmui.Page(
        title="stellar_gui",
        favicon=assets() / "logo.svg",
        header=[header],
        main=[main],
        dark_theme=theme == "dark",
        theme_toggle=False,
        busy_indicator=None,
        sidebar_open=False,
        sidebar_variant="temporary",
        theme_config={name: _palette(name) for name in TOKENS},
        sx=_SX,
        raw_css=[_variables(theme), (assets() / "css" / "page.css").read_text()],
    )
    page.config.js_modules = {"painting": _inline("painting")}
    for watcher in _busy_watchers():
        if id(watcher) not in before:
            state.param.unwatch(watcher)
    if pn.state.curdoc is not None:
        pn.state.curdoc.theme = _OWN_COLORS
    return page


def _busy_watchers():
    return list(state.param.watchers.get("busy", {}).get("value", []))


def _inline(script):
    """The address of a script that is its text: it runs before anything is drawn."""
    text = (assets() / "js" / f"{script}.js").read_text()
    # Panel adds the version that it gives to all addresses: a comment here
    return "data:text/javascript," + quote(f"{text}//")


def _variables(theme):
    themes = [(":root", theme), *((f':root[data-theme="{n}"]', n) for n in TOKENS)]
    return "\n".join(f"{rule} {{ {css_variables(name)} }}" for rule, name in themes)


def _palette(theme):
    tokens = TOKENS[theme]
    return {
        "palette": {
            "primary": {"main": tokens.control},
            "background": {"default": tokens.page, "paper": tokens.surface},
            "text": {"primary": tokens.ink, "secondary": tokens.ink2},
        },
        "typography": {"fontFamily": FONT, "fontSize": 13},
    }


_SX = {
    "& .MuiAppBar-root": {
        "backgroundColor": "var(--surface)",
        "backgroundImage": "none",
        "boxShadow": "none",
        "height": "48px",
    },
    "& .MuiToolbar-root": {
        "minHeight": "48px !important",
        "height": "48px",
        "padding": "0 !important",
        "margin": "0 !important",
    },
    "& .title": {"display": "none"},
    "& main": {"backgroundColor": "var(--page)"},
}
