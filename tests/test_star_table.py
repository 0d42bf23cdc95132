"""The star list filters and sorts by what is known."""

import numpy as np
import pytest

from stellar_gui.analysis.star_table import filter_stars, sort_stars

IDS = np.array(["sg-1", "sg-2", "hd 3", "hd 4"])
COLUMNS = {
    "snr": np.array([10.0, 60.0, 100.0, np.nan]),
    "mg_h": np.array([-0.5, 0.0, 0.3, np.nan]),
    "chi2 Payne": np.array([1.0, 2.0, np.nan, 0.9]),
}
FLAGGED = np.array([True, False, False, True])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1111"),
        ("snr > 60", "0010"),
        ("snr>=60", "0110"),
        ("[Mg/H] < 0", "1000"),
        ("mg_h = 0.3", "0010"),
        ("mg_h > −0.6", "1110"),
        ("chi2 payne > 1.5", "0100"),
        ("flag", "1001"),
        ("HD", "0011"),
        ("flag, snr < 50", "1000"),
        ("flag, , ", "1001"),
    ],
)
def test_terms_choose_stars(text, expected):
    chosen = filter_stars(text, IDS, COLUMNS, FLAGGED)
    assert "".join(str(int(c)) for c in chosen) == expected


def test_an_unknown_column_is_said():
    with pytest.raises(ValueError, match="no column 'age'; expected one of snr"):
        filter_stars("age > 3", IDS, COLUMNS, FLAGGED)


def test_a_bound_that_is_no_number_is_said():
    with pytest.raises(ValueError, match="'high' is no number"):
        filter_stars("snr > high", IDS, COLUMNS, FLAGGED)


@pytest.mark.parametrize("descending", [False, True])
def test_unknown_values_stand_last_either_way(descending):
    order = sort_stars(np.arange(4), COLUMNS["snr"], descending=descending)
    assert order.tolist() == ([2, 1, 0, 3] if descending else [0, 1, 2, 3])


def test_text_sorts_as_text():
    assert sort_stars([3, 1, 0], IDS).tolist() == [3, 0, 1]


def test_a_hundred_thousand_stars_filter():
    n = 100_000
    ids = np.array([f"star {k}" for k in range(n)])
    snr = {"snr": np.arange(n, dtype=float)}
    chosen = filter_stars("snr >= 50000, star 9", ids, snr, np.zeros(n, bool))
    assert chosen.sum() == 10_000
