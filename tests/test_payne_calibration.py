"""The sample survey's Payne keeps its word: pulls on stars it never saw."""

import numpy as np
import pytest

from stellar_gui import fit_labels, load_model, paths, read_spectra
from stellar_gui.fitting import FitFlag
from stellar_gui.statistics import robust_std
from tests.benchmarks.bench_calibration import observed

N_STARS, SNR = 40, 100


@pytest.fixture(scope="module")
def model(sample_payne):
    return load_model(sample_payne)


@pytest.fixture(scope="module")
def held_out(model):
    spectra = read_spectra(paths.sample_data() / "survey" / "synthetic.h5")
    test = spectra[spectra.star_data["split"].astype(str) == "test"][:N_STARS]
    assert not set(model.provenance["training_ids"]) & set(test.ids.tolist())
    return test


@pytest.fixture(scope="module")
def fitted(model, held_out):
    stars, velocity = observed(held_out, SNR, seed=3)
    return fit_labels(model, stars), velocity


def test_errors_of_labels_are_honest_on_held_out_stars(model, held_out, fitted):
    result, _ = fitted
    inside = ~(result.flags & FitFlag.EDGE).astype(bool)
    truth = held_out.with_labels(model.label_names).labels
    zscore = ((result.labels - truth) / result.sigma)[inside]
    assert inside.mean() >= 0.7
    assert np.isfinite(zscore).all()
    assert 0.8 <= robust_std(zscore, centre=0.0) <= 1.3


def test_velocities_are_recovered_on_held_out_stars(fitted):
    result, velocity = fitted
    assert np.abs(result.rv - velocity).max() < 5.0
    assert 0.7 <= robust_std((result.rv - velocity) / result.rv_sigma, 0.0) <= 1.4
