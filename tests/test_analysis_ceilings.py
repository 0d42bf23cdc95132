"""Ceilings by true physics, on stars of the sample survey."""

import numpy as np
import pytest

from stellar_gui import paths
from stellar_gui.analysis.ceilings import (
    NuisanceErrors,
    nuisance_errors,
    true_flux,
    true_jacobian,
)
from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis.production import Batch, Producer, Recipe
from stellar_gui.synthesis.truth import read_truth

N_STARS = 3
NOTE = tuple(name for name in SYNTHETIC_LABELS if name != "vbroad")


@pytest.fixture(scope="module")
def truth():
    found = read_truth(paths.sample_data() / "survey" / "truth.h5")
    return found._replace(spectra=found.spectra[:N_STARS])


@pytest.fixture(scope="module")
def errors(truth):
    return nuisance_errors(truth, NOTE, n_stars=2)


def test_true_flux_has_the_stars_continuum(truth):
    ratio = true_flux(truth) / np.asarray(truth.spectra.flux)
    assert 0.002 < (ratio - 1).std() < 0.01


def test_a_star_without_its_nuisance_is_wrong_and_another_stars_is_worse(errors):
    assert errors.swapped.shape == (2,)
    assert (errors.mean > 1e-6).all()
    assert errors.swapped.mean() > errors.mean.mean()


def test_stars_of_equal_nuisance_lose_nothing(truth):
    """What is left is the storage of the flux: the physics is that of the survey."""
    spectra = truth.spectra
    data = {
        name: np.repeat(spectra.star_data[name][:1], N_STARS, axis=0)
        for name in ("vmacro", "vsini", "rv", "continuum")
    }
    alike = spectra.replace(star_data={**spectra.star_data, **data})[:2]
    found = nuisance_errors(truth._replace(spectra=alike), NOTE, n_stars=1)
    assert found.swapped[0] < (5e-4) ** 2
    assert found.mean[0] < (5e-4) ** 2


def test_broadening_is_no_nuisance_of_a_model_that_has_a_label_for_it(truth, errors):
    known = nuisance_errors(truth, SYNTHETIC_LABELS, n_stars=2)
    assert (known.swapped < errors.swapped).any()
    np.testing.assert_array_equal(known.no_continuum, errors.no_continuum)


def test_errors_survive_storage(errors):
    again = NuisanceErrors.from_plain(errors.to_plain())
    np.testing.assert_array_equal(again.mean, errors.mean)


def test_derivatives_predict_the_flux_of_a_changed_star(truth):
    names, iron = ("mg_h", "vbroad"), SYNTHETIC_LABELS.index("fe_h")
    star = int(np.argmax(truth.spectra.labels[:, iron]))
    found = true_jacobian(truth, [star], names)
    assert found.shape == (1, truth.spectra.n_pixels, 2)
    assert np.isnan(found[..., 1]).all()
    producer = Producer(Recipe(truth.changes, truth.without))
    labels = truth.spectra.labels[[star]]
    data = truth.spectra.star_data
    own = [data[name][[star]] for name in ("vmacro", "vsini", "rv")]
    before = producer.flux(Batch(labels.copy(), *own))
    labels[0, SYNTHETIC_LABELS.index("mg_h")] += 0.1
    change = producer.flux(Batch(labels, *own)) - before
    wrong = np.linalg.norm(0.1 * found[..., 0] - change)
    assert wrong < 0.15 * np.linalg.norm(change)


def test_an_element_without_a_label_moves_with_iron(truth):
    with_all = true_jacobian(truth, [0], ("fe_h",))
    alone = true_jacobian(truth, [0], ("fe_h", "ni_h"))[..., 0]
    assert np.abs(alone).sum() < np.abs(with_all).sum()
