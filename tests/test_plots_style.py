"""Tokens, number formats and the repaint between light and dark."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from stellar_gui.labels import FAMILY_TITLES
from stellar_gui.plots.style import (
    FAMILY_TOKENS,
    MODEL_STYLES,
    TOKENS,
    Painter,
    Tokens,
    css_variables,
    model_style,
    number,
    plus_minus,
    set_ticks,
)

PACKAGE = Path(__file__).parents[1] / "stellar_gui"
TEXT_AND_DATA = (
    "ink ink2 ink3 observed cannon payne cycle_starnet reference synthetic_domain "
    "observed_domain picked ok warning bad alpha iron_peak odd_z cno neutron_capture"
).split()


def contrast(a, b):
    """WCAG 2 contrast ratio of two #RRGGBB colours."""

    def luminance(color):
        rgb = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb
        ]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    bright, dim = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", TOKENS)
@pytest.mark.parametrize("token", TEXT_AND_DATA)
def test_text_and_data_stand_out_from_the_surface(theme, token):
    tokens = TOKENS[theme]
    assert contrast(getattr(tokens, token), tokens.surface) >= 4.4


@pytest.mark.parametrize("theme", TOKENS)
def test_guides_stand_out_from_the_surface(theme):
    tokens = TOKENS[theme]
    assert contrast(tokens.masked_ink, tokens.surface) >= 3.0


def test_no_other_file_has_a_colour():
    """Only plots/style.py may name one, so that both themes stay whole."""
    pattern = re.compile(r"#[0-9A-Fa-f]{6}\b|#[0-9A-Fa-f]{3}\b(?=[\"';])")
    offenders = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.name != "style.py" and pattern.search(path.read_text())
    ]
    assert offenders == []


def test_every_family_and_model_has_a_token():
    assert set(FAMILY_TOKENS) == set(FAMILY_TITLES)
    for style in (*MODEL_STYLES.values(), model_style("unheard of")):
        assert style.token in Tokens.__dataclass_fields__


def test_css_variables_carry_all_tokens():
    assert css_variables("dark").count("--") == len(Tokens.__dataclass_fields__)
    assert "--sigma-band: #3A4652;" in css_variables("dark")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (4650.4, 0, "4\u2009650"),
        (-0.104, 2, "\u22120.10"),
        (-0.0004, 2, "0.00"),
        (math.nan, 2, "\u2014"),
        (None, 1, "\u2014"),
        (1234567.891, 1, "1\u2009234\u2009567.9"),
    ],
)
def test_numbers_are_written_as_typeset(value, decimals, text):
    assert number(value, decimals) == text


def test_sigma_is_left_out_where_unknown():
    assert plus_minus(2.41, math.nan) == "2.41"
    assert plus_minus(math.nan, 0.1) == "\u2014"


def test_repaint_changes_painted_colours_in_place():
    painter = Painter("light")
    fig = painter.figure(width=200, height=100)
    line = painter.glyph(fig.line([0, 1], [0, 1]), line_color="cannon").glyph
    painter.repaint("dark")
    assert line.line_color == TOKENS["dark"].cannon
    assert fig.background_fill_color == TOKENS["dark"].surface
    assert fig.xaxis[0].major_label_text_color == TOKENS["dark"].ink2


def test_forgotten_models_keep_their_colours():
    painter = Painter("light")
    fig = painter.figure(width=200, height=100)
    line = painter.glyph(fig.line([0, 1], [0, 1]), line_color="cannon").glyph
    painter.forget([line])
    painter.repaint("dark")
    assert line.line_color == TOKENS["light"].cannon


def test_unknown_token_is_refused():
    with pytest.raises(AttributeError, match="magenta"):
        Painter().paint(
            Painter().figure(width=9, height=9), border_fill_color="magenta"
        )


def test_ticks_stand_where_they_are_put():
    fig = Painter().figure(width=200, height=100)
    set_ticks(fig.xaxis[0], [1, 2], ["a", "b"], minor=[1.5])
    assert fig.xaxis[0].ticker.ticks == [1.0, 2.0]
    assert fig.xaxis[0].major_label_overrides == {1.0: "a", 2.0: "b"}


def test_a_line_that_is_left_out_stays_so_in_another_theme():
    painter = Painter("light")
    fig = painter.figure(width=100, height=100)
    fig.yaxis.axis_line_color = None
    painter.repaint("dark")
    assert fig.yaxis[0].axis_line_color is None
    assert fig.xaxis[0].axis_line_color == TOKENS["dark"].axis
