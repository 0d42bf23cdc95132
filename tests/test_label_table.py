"""Labels side by side: reference, fits, pulls, [X/Fe]."""

import numpy as np
import pytest

from stellar_gui.analysis.label_table import label_rows
from stellar_gui.fitting.result import FitResult
from stellar_gui.spectra import Spectra

NAMES = ("teff", "mg_h", "fe_h")
COVARIANCE = np.array([[100.0, 0.0, 0.0], [0.0, 0.04, 0.03], [0.0, 0.03, 0.04]])


def fit(labels, names=NAMES, covariance=COVARIANCE):
    one, pixels = np.zeros(1), np.ones((1, 1))
    return FitResult(
        names, np.array([labels]), covariance[None], one, one, one, pixels, pixels,
        one, one,
    )  # fmt: skip


def star(labels=(5000.0, 0.1, -0.2), sigma=(30.0, 0.3, 0.4), names=NAMES):
    sigma = None if sigma is None else [sigma]
    return Spectra(
        [5000.0], [[1.0]], [[1.0]], labels=[labels], labels_sigma=sigma,
        label_names=names,
    )  # fmt: skip


def rows(*arguments, **options):
    return {row.label.name: row for row in label_rows(*arguments, **options)}


def test_a_pull_joins_both_sigmas():
    row = rows(star(), {"Payne": fit([5100.0, 0.1, -0.2])})["teff"]
    assert row.fits["Payne"].pull == pytest.approx(100 / np.hypot(10, 30))


def test_without_reference_there_is_no_pull():
    bare = Spectra([5000.0], [[1.0]], [[1.0]])
    row = rows(bare, {"Payne": fit([5100.0, 0.1, -0.2])})["teff"]
    assert np.isnan(row.reference.value)
    assert np.isnan(row.fits["Payne"].pull)


def test_without_reference_sigma_the_pull_is_in_the_fits_own():
    row = rows(star(sigma=None), {"Payne": fit([5020.0, 0.1, -0.2])})["teff"]
    assert row.fits["Payne"].pull == pytest.approx(2.0)
    assert np.isnan(row.reference.sigma)


def test_x_fe_carries_the_covariance_of_both():
    row = rows(star(), {"Payne": fit([5000.0, 0.1, -0.2])}, x_fe=True)["mg_fe"]
    assert row.fits["Payne"].value == pytest.approx(0.3)
    assert row.fits["Payne"].sigma == pytest.approx(np.sqrt(0.04 + 0.04 - 2 * 0.03))
    assert row.reference.sigma == pytest.approx(0.5)


def test_an_unknown_reference_label_spoils_no_other():
    table = rows(star(labels=(5000.0, np.nan, -0.2)), {}, x_fe=True)
    assert table["fe_h"].reference.value == pytest.approx(-0.2)
    assert "mg_fe" not in table


def test_a_fit_without_iron_keeps_its_scale():
    alone = fit([0.1], ("mg_h",), COVARIANCE[1:2, 1:2])
    table = rows(star(), {"Cannon": alone}, x_fe=True)
    assert table["mg_h"].fits["Cannon"].value == pytest.approx(0.1)
    assert "Cannon" not in table["mg_fe"].fits


def test_labels_stand_by_family():
    mixed = star((0.1, 5000.0, 0.2, 0.3), None, ("eu_h", "teff", "mg_h", "c_h"))
    families = [row.label.family for row in label_rows(mixed, {})]
    assert families == ["atmosphere", "cno", "alpha", "neutron_capture"]
