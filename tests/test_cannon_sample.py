"""The Cannon on the sample survey: errors that hold against the hidden truth."""

import numpy as np
import pytest

from stellar_gui.fitting import FitFlag, fit_labels
from stellar_gui.io import read_spectra
from stellar_gui.paths import sample_data
from stellar_gui.training.cannon import SAMPLE, CannonTrainer
from tests.cannon_mock import robust_std

SURVEY = sample_data() / "survey"


@pytest.fixture(scope="module")
def observed():
    spectra = read_spectra(SURVEY / "observed.h5")
    return {
        split: spectra[spectra.star_data["split"].astype(str) == split]
        for split in ("train", "validation", "test")
    }


@pytest.fixture(scope="module")
def cannon(observed):
    """As ``stellar-gui train cannon`` makes it: by steps, calibrated on validation."""
    trainer = CannonTrainer(observed["train"], observed["validation"], **SAMPLE)
    for _ in range(trainer.total_steps):
        trainer.step()
    return trainer.model()


@pytest.fixture(scope="module")
def fit(cannon, observed):
    return fit_labels(cannon, observed["test"])


@pytest.fixture(scope="module")
def truth(observed):
    spectra = read_spectra(SURVEY / "truth.h5")
    rows = [spectra.row(star) for star in observed["test"].ids]
    return np.stack([spectra.label(n)[rows] for n in SAMPLE["label_names"]], axis=1)


def test_errors_hold_against_the_truth(fit, truth):
    zscore = (fit.labels - truth) / fit.sigma
    good = fit.flags == 0
    assert good.mean() > 0.85
    spread = robust_std(zscore[good])
    assert np.all((spread > 0.7) & (spread < 1.3))


def test_labels_are_as_good_as_the_catalogue_or_nearly(fit, truth, observed):
    """It learnt from noisy labels, and cannot be much better than them."""
    good = fit.flags == 0
    scatter = robust_std((fit.labels - truth)[good])
    catalogue = observed["test"].with_labels(SAMPLE["label_names"]).labels_sigma[0]
    assert np.all(scatter < 1.6 * catalogue)
    assert scatter[2] < catalogue[2]  # [Fe/H], which most lines know


def test_few_stars_have_rival_minima(fit):
    assert np.mean((fit.flags & FitFlag.STARTS_DISAGREE) > 0) < 0.08


def test_no_test_star_was_trained_on(cannon, observed):
    trained = set(cannon.provenance["training_ids"])
    assert trained == set(observed["train"].ids)
    assert not trained & set(observed["test"].ids)
    assert not trained & set(observed["validation"].ids)


def test_correlated_elements_are_noted(cannon):
    assert any("fe_h and mg_h are correlated" in note for note in cannon.notes)


def test_metal_poor_stars_have_the_same_labels_alone_and_among_others(
    cannon, observed, fit
):
    """Far from the centre, chi2 is a small difference of large sums."""
    test = observed["test"]
    for row in np.argsort(test.label("fe_h"))[:12]:
        alone = fit_labels(cannon, test[row])
        away = np.abs(alone.labels[0] - fit.labels[row]) / fit.sigma[row]
        assert away.max() < 0.05, test.ids[row]
