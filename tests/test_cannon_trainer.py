"""CannonTrainer: the steps of `Cannon.train`, resumable to the last bit."""

import numpy as np
import pytest

from stellar_gui.fitting.calibration import calibrated
from stellar_gui.models.cannon import MAX_STEPS, Cannon
from stellar_gui.training.cannon import CannonTrainer
from tests.cannon_mock import mock


@pytest.fixture(scope="module")
def surveys():
    return mock(n_stars=200).spectra, mock(n_stars=100, star_seed=5).spectra


def identical(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_stepping_equals_training_in_one_go(surveys):
    trainer = CannonTrainer(*surveys)
    assert trainer.total_steps == MAX_STEPS
    for _ in range(MAX_STEPS):
        trainer.step()
    expected = calibrated(Cannon.train(surveys[0]), surveys[1])
    identical(trainer.model().to_tensors(), expected.to_tensors())


def test_resumed_training_equals_unbroken_training(surveys):
    unbroken = CannonTrainer(*surveys)
    losses = [unbroken.step() for _ in range(4)]
    first = CannonTrainer(*surveys)
    first.step()
    resumed = CannonTrainer(*surveys)
    resumed.load_state_dict(first.state_dict())
    assert [resumed.step() for _ in range(3)] == losses[1:]
    identical(resumed.model().to_tensors(), unbroken.model().to_tensors())


def test_first_step_solves_theta_without_scatter(surveys):
    trainer = CannonTrainer(*surveys)
    first = trainer.step()
    second = trainer.step()
    assert first["noise_ratio"] > 1.15  # scatter is missing from the noise
    assert second["noise_ratio"] == pytest.approx(1.0, abs=0.03)


def test_steps_after_convergence_change_nothing(surveys):
    trainer = CannonTrainer(*surveys)
    while trainer.step()["pixels_left"]:
        assert trainer.steps < 30
    before = trainer.state_dict()
    after_step = trainer.step()
    assert after_step["pixels_left"] == 0
    assert after_step["noise_ratio"] > 0
    identical({**trainer.state_dict(), "steps": before["steps"]}, before)


def test_state_is_a_copy(surveys):
    trainer = CannonTrainer(*surveys)
    trainer.step()
    state = trainer.state_dict()
    kept = state["variance"].clone()
    trainer.step()
    np.testing.assert_array_equal(state["variance"], kept)


def test_validation_improves_with_the_scatter(surveys):
    trainer = CannonTrainer(*surveys)
    trainer.step()
    without = trainer.validate()
    for _ in range(3):
        trainer.step()
    scores = trainer.validate()
    assert scores["score"] < without["score"]
    assert scores["chi2"] == pytest.approx(1.0, abs=0.1)
    assert 0.8 < scores["teff_zscore"] < 1.25
    assert 0 < scores["logg_scatter"] < 0.2


def test_missing_reference_labels_leave_finite_scores(surveys):
    """Validation needs no complete labels; what nobody knows has no score."""
    labels = surveys[1].labels.copy()
    labels[::2, 0], labels[:, 1] = np.nan, np.nan
    trainer = CannonTrainer(surveys[0], surveys[1].replace(labels=labels))
    trainer.step()
    scores = trainer.validate()
    assert {"score", "teff_scatter", "fe_h_zscore"} < scores.keys()
    assert "logg_scatter" not in scores
    assert np.isfinite(list(scores.values())).all()


def test_model_before_the_first_step_is_refused(surveys):
    with pytest.raises(ValueError, match="call step"):
        CannonTrainer(*surveys).model()


def test_checkpoint_of_another_polynomial_is_refused(surveys):
    linear = CannonTrainer(*surveys, order=1)
    linear.step()
    with pytest.raises(ValueError, match=r"shape \(300, 4\), expected \(300, 10\)"):
        CannonTrainer(*surveys).load_state_dict(linear.state_dict())
