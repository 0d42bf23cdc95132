"""Labels: names, units, help with typing errors, and [X/Fe] with its covariance."""

import numpy as np
import pytest

from stellar_gui.labels import (
    ELEMENTS,
    FAMILY_TITLES,
    SYNTHETIC_LABELS,
    check_label_names,
    describe,
    label,
    to_x_fe,
)


def test_the_papers_25_labels():
    assert len(SYNTHETIC_LABELS) == 25
    assert SYNTHETIC_LABELS[:4] == ("teff", "logg", "vmicro", "vbroad")
    assert [label(name).element for name in SYNTHETIC_LABELS[4:]] == list(ELEMENTS)


@pytest.mark.parametrize("name", SYNTHETIC_LABELS)
def test_every_label_can_be_shown(name):
    known = label(name)
    assert known.unit in {"K", "dex", "km/s"}
    assert known.family in FAMILY_TITLES
    assert known.derivative_step > 0


@pytest.mark.parametrize(
    ("name", "title"), [("mg_h", "[Mg/H]"), ("y_fe", "[Y/Fe]"), ("c_m", "[C/M]")]
)
def test_abundances_on_three_scales(name, title):
    assert label(name).title == title


@pytest.mark.parametrize("name", ["tef", "mgh", "mg_x", "magnesium_h", ""])
def test_what_is_no_label_is_refused(name):
    with pytest.raises(KeyError, match="is not a label; expected teff, logg"):
        label(name)


def test_near_misses_get_a_hint():
    with pytest.raises(KeyError, match="Did you mean 'teff'"):
        label("tef")


def test_a_surveys_own_label_is_described_plainly():
    assert describe("age").unit == ""
    assert describe("teff").unit == "K"


def test_names_stand_once():
    assert check_label_names(["teff"], ("teff", "logg")) == ("teff",)
    with pytest.raises(ValueError, match="stands twice in teff, teff; name each once"):
        check_label_names(["teff", "teff"], ("teff", "logg"))


def test_names_come_as_a_list():
    with pytest.raises(ValueError, match=r"the text 'teff', expected a list of names"):
        check_label_names("teff", ("teff", "logg"))


def test_x_fe_needs_iron():
    with pytest.raises(ValueError, match=r"no fe_h among teff, mg_h.*keep the labels"):
        to_x_fe(np.zeros((1, 2)), None, ("teff", "mg_h"))


def test_x_fe_propagates_the_covariance():
    """Var([Mg/Fe]) = Var([Mg/H]) + Var([Fe/H]) - 2 Cov, by Monte Carlo."""
    names = ("teff", "mg_h", "fe_h", "m_h")
    rng = np.random.default_rng(1)
    root = rng.normal(size=(4, 4)) * [[80], [0.1], [0.1], [0.1]]
    covariance = root @ root.T
    draws = [4500, 0.2, -0.4, -0.4] + rng.normal(size=(50_000, 4)) @ root.T
    values, propagated, changed = to_x_fe(draws, covariance, names)
    assert changed == ("teff", "mg_fe", "fe_h", "m_h")
    np.testing.assert_allclose(values[:, 1], draws[:, 1] - draws[:, 2])
    np.testing.assert_array_equal(values[:, [0, 2, 3]], draws[:, [0, 2, 3]])
    scale = np.sqrt(np.diag(propagated))
    np.testing.assert_allclose(
        np.cov(values.T) / np.outer(scale, scale),
        propagated / np.outer(scale, scale),
        atol=0.03,
    )
