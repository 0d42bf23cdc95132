"""Label errors against hand-worked values."""

import json

import numpy as np
import pytest

from stellar_gui.analysis.label_errors import (
    ZERO_POINTS,
    compare,
    error_table,
    label_errors,
    mean_of_abundances,
)

NAMES = ("teff", "fe_h", "mg_h", "ni_h")
TRUE = np.array([[5000.0, 0.0, 0.1, 0.0], [4000.0, -1.0, -0.8, -1.0]])


def test_rms_is_bias_and_scatter_together():
    wrong = np.array([[30.0, 0.0, 0.0, 0.0], [-10.0, 0.0, 0.0, 0.0]])
    errors = label_errors(TRUE + wrong, TRUE, NAMES)
    assert errors.bias[0] == pytest.approx(10.0)
    assert errors.sd[0] == pytest.approx(20.0)
    assert errors.rms[0] == pytest.approx(np.hypot(10.0, 20.0))
    assert errors.n_stars == 2


def test_abundances_count_relative_to_iron():
    """All metals too high by the same: iron is wrong, no ratio is."""
    errors = label_errors(np.add(TRUE, [0.0, 0.1, 0.1, 0.3]), TRUE, NAMES)
    assert errors.label_names == ("teff", "fe_h", "mg_fe", "ni_fe")
    np.testing.assert_allclose(errors.bias, [0, 0.1, 0, 0.2], atol=1e-12)
    assert mean_of_abundances(errors)["rms"] == pytest.approx(0.1)
    assert mean_of_abundances(errors)["sd"] == pytest.approx(0.0, abs=1e-12)


def test_ratios_name_the_worst_label():
    reference = label_errors(np.add(TRUE, [50.0, 0.04, 0.04, 0.06]), TRUE, NAMES)
    errors = label_errors(np.add(TRUE, [25.0, 0.01, 0.01, 0.07]), TRUE, NAMES)
    found = compare(errors.of(["teff", "fe_h", "ni_fe"]), reference)
    np.testing.assert_allclose(found.ratio, [0.5, 0.25, 3.0])
    assert found.n_better == 2
    assert found.median == pytest.approx(0.5)
    assert found.worst == ("ni_fe", pytest.approx(3.0))


def fits():
    hot = np.add(TRUE, [40.0, 0.02, 0.05, 0.04])
    good = np.add(TRUE, [20.0, 0.01, 0.02, 0.05])[:, [2, 0, 1, 3]]
    return {
        "emulator": (NAMES, hot),
        "transfer": (("mg_h", "teff", "fe_h", "ni_h"), good),
    }


def test_fits_are_compared_on_the_labels_that_all_have():
    with_less = {
        **fits(),
        "cannon": (("teff", "fe_h"), np.add(TRUE[:, :2], [80.0, 0.01])),
    }
    table = error_table(with_less, TRUE, NAMES, reference="emulator")
    assert table.label_names == ("teff", "fe_h")
    np.testing.assert_allclose(table.comparison("cannon").ratio, [2.0, 0.5])
    np.testing.assert_allclose(table.comparison("transfer").ratio, [0.5, 0.5])


def test_a_star_that_one_fit_lost_counts_for_none():
    broken = fits()
    broken["transfer"][1][1] = np.nan
    table = error_table(broken, TRUE, NAMES, reference="emulator")
    assert {errors.n_stars for errors in table.errors.values()} == {1}


def test_some_labels_are_chosen_by_either_name():
    table = error_table(fits(), TRUE, NAMES, reference="emulator")
    assert table.of(("teff", "mg_h")).label_names == ("teff", "mg_fe")
    assert table.of(("mg_fe",)).label_names == ("mg_fe",)


def test_the_table_says_what_unpaired_data_cannot_do():
    table = error_table(fits(), TRUE, NAMES, reference="emulator")
    lines = table.lines()
    assert "Mg/Fe" in lines[0]
    assert "20 (0)" in lines[2]
    assert lines[-2].startswith("transfer")
    assert "worst 2.00 ([Ni/Fe]), 3 of 4 better" in lines[-2]
    assert lines[-1] == ZERO_POINTS
    plain = json.loads(json.dumps(table.to_plain(), allow_nan=False))
    assert plain["fits"]["transfer"]["n_better"] == 3
    assert plain["sentence"] == ZERO_POINTS


def test_faults_are_named():
    with pytest.raises(ValueError, match=r"reference 'payne' is not one of the fits"):
        error_table(fits(), TRUE, NAMES, reference="payne")
    with pytest.raises(ValueError, match=r"shape \(2, 4\) and true labels \(1, 4\)"):
        label_errors(TRUE, TRUE[:1], NAMES)


def test_without_a_star_nothing_is_known():
    errors = label_errors(np.full((2, 4), np.nan), TRUE, NAMES)
    assert errors.n_stars == 0
    assert np.isnan(errors.rms).all()
