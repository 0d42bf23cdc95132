"""Tables of scores: judged, stored, compared, printed."""

import json

import numpy as np
import pytest

from stellar_gui.analysis.scores import ScoreRow, ScoreTable, judged

GAP = ScoreRow("gap", "gap closed", 0.93, 0.01, 0.78, 1.0, (0.88, None), "ok", "Good.")
LEAK = ScoreRow("leak", "labels in z_split", 0.6, healthy=(None, 0.35), state="warn")
LATENT = ScoreRow("latent", "z_shared", float("nan"))


def table(*rows):
    return ScoreTable(rows or (GAP, LEAK, LATENT), {"seed": 1, "n_stars": 400})


def test_a_value_is_healthy_usable_or_failed():
    assert judged(1.0, (0.8, 1.2), (0.5, 1.5)) == "ok"
    assert judged(1.3, (0.8, 1.2), (0.5, 1.5)) == "warn"
    assert judged(0.4, (0.8, 1.2), (0.5, 1.5)) == "bad"
    assert judged(9.0, (None, 0.35), None) == "warn"
    assert judged(float("nan"), (0.8, None), None) == "unknown"
    assert judged(0.4, None, (0.5, None)) == "unknown"


def test_a_table_is_as_healthy_as_its_worst_row():
    assert table(GAP, LATENT).state == "ok"
    assert table().state == "warn"
    assert table(GAP, LEAK._replace(state="bad")).state == "bad"


def test_rows_are_found_by_key():
    assert table()["gap"] is GAP
    assert "leak" in table()
    assert "swap" not in table()
    with pytest.raises(KeyError, match="no score 'swap', only gap, leak, latent"):
        table()["swap"]


def test_a_table_survives_json():
    again = ScoreTable.from_plain(json.loads(json.dumps(table().to_plain())))
    assert again["gap"] == GAP
    assert np.isnan(again["latent"].value)
    assert again.conditions == table().conditions
    assert table().differing(again) == []
    json.dumps(table().to_plain(), allow_nan=False)


def test_tables_differ_by_more_than_a_thousandth():
    near = GAP._replace(value=GAP.value + 5e-4)
    far = GAP._replace(baseline=GAP.baseline + 2e-3)
    assert table().differing(table(near, LEAK, LATENT)) == []
    assert table().differing(table(far, LEAK, LATENT)) == ["gap"]
    assert table().differing(table(GAP, LEAK)) == ["latent"]
    assert table(GAP).differing(table(GAP._replace(ceiling=None))) == ["gap"]


def test_large_scores_are_compared_in_proportion():
    many, more = (GAP._replace(value=v) for v in (5000.0, 5001.0))
    assert table(many).differing(table(more)) == []


def test_lines_show_all_that_stands_beside_a_score():
    lines = table().lines()
    assert lines[0].split() == ["value", "±", "baseline", "ceiling", "healthy"]
    assert lines[1].split() == "gap closed 0.930 0.010 0.780 1.000 >= 0.88 ok".split()
    assert "<= 0.35" in lines[2]
    assert lines[3].split()[-2:] == ["nan", "unknown"]
