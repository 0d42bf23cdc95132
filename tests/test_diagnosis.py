"""Lights of a run: healthy ones stay quiet, sick ones say what is wrong."""

import pytest

from stellar_gui.training.diagnosis import diagnose


def _kinds(checks):
    return {check.title: check.kind for check in checks}


def _cycle(accuracy=0.6, adversarial=0.75, ratio=1.0, slope=0.0, n=400):
    rows, scores = [], []
    for step in range(1, n + 1):
        rec = 1.5 + slope * step / n
        row = {"step": step, "rec_obs": rec, "adv_obs": adversarial}
        row |= {"adv_synth": adversarial, "critic_accuracy_obs": accuracy}
        row |= {"critic_accuracy_synth": accuracy}
        if step % 20 == 0:
            row |= {"validation_rec_obs": ratio * rec, "validation_adv_obs": 0.7}
            scores.append(row)
        rows.append(row)
    return diagnose("cycle-starnet", "running", "", n, rows, scores)


def test_a_healthy_cycle_starnet_has_no_light_on():
    assert {check.kind for check in _cycle()} == {"ok"}


@pytest.mark.parametrize(
    ("change", "title", "kind"),
    [
        ({"accuracy": 0.85}, "Critics tell the domains apart", "warning"),
        ({"accuracy": 0.97}, "Critics tell the domains apart", "bad"),
        ({"adversarial": 5.0}, "Critics have won", "warning"),
        ({"ratio": 1.3}, "Validation gap grows", "warning"),
        ({"ratio": 2.0}, "Validation gap grows", "bad"),
        ({"slope": 1.0}, "Loss rises", "warning"),
    ],
)
def test_what_is_sick_is_said(change, title, kind):
    assert _kinds(_cycle(**change))[title] == kind


def test_a_run_that_failed_says_why():
    checks = diagnose("payne", "failed", "loss 'loss' is nan", 3, [], [])
    assert (checks[0].kind, checks[0].text) == ("bad", "loss 'loss' is nan")


def test_before_there_are_numbers_nothing_is_judged():
    for method in ("payne", "cannon", "cycle-starnet"):
        checks = diagnose(method, "starting", "", 0, [], [])
        assert {check.kind for check in checks} == {"idle"}


def test_the_paynes_error_is_told_as_the_noise_it_is_below():
    rows = [{"step": k, "loss": 1e-4} for k in range(1, 50)]
    score = {"step": 49, "validation_score": 1e-4, "validation_rms": 1e-3}
    good = diagnose(
        "payne", "running", "", 49, rows, [score | {"validation_rms_deep": 0.004}]
    )
    assert _kinds(good)["Emulator is good enough"] == "ok"
    assert any("S/N 250" in check.text for check in good)
    bad = diagnose(
        "payne", "running", "", 49, rows, [score | {"validation_rms_deep": 0.02}]
    )
    assert _kinds(bad)["Emulator is coarse yet"] == "warning"


def test_a_best_score_far_behind_is_to_be_watched():
    scores = [
        {"step": 10 * k, "validation_score": abs(k - 3) + 1.0, "validation_rms": 1.0}
        for k in range(1, 11)
    ]
    checks = diagnose("payne", "running", "", 100, scores, scores)
    assert _kinds(checks)["Best score is behind"] == "warning"


def test_a_cannon_is_judged_by_stars_it_never_saw():
    rows = [{"step": k, "noise_ratio": 1.0, "pixels_left": 0.0} for k in range(1, 6)]
    good = {"step": 5, "validation_chi2": 1.05, "validation_teff_zscore": 1.1}
    checks = _kinds(diagnose("cannon", "finished", "", 5, rows, [good]))
    assert checks["Held-out stars fit"] == "ok"
    assert checks["Errors of labels hold"] == "ok"
    bad = {"step": 5, "validation_chi2": 3.0, "validation_teff_zscore": 4.0}
    checks = _kinds(diagnose("cannon", "finished", "", 5, rows, [bad]))
    assert checks["Held-out stars fit badly"] == "bad"
    assert checks["Errors of labels do not hold"] == "bad"
