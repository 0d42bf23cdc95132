"""The cache of fits: content is the key, size is bounded."""

import dataclasses

import numpy as np

from stellar_gui.fitting import fit_labels
from stellar_gui.fitting.cache import (
    FitCache,
    Outcome,
    model_fingerprint,
    star_fingerprint,
)
from stellar_gui.models.payne import untrained
from tests.line_model import LineModel, observed, random_labels


def small_payne():
    return untrained(("teff", "fe_h"), [[4000, -1], [6000, 0.5]], [5000.0, 5000.1])


def test_one_changed_weight_is_another_model():
    model = small_payne()
    before = model_fingerprint(model)
    assert before == model_fingerprint(small_payne())
    weight = model.network.weight1.clone()
    weight[0, 0] += 1e-3
    changed = model.network._replace(weight1=weight)
    assert model_fingerprint(dataclasses.replace(model, network=changed)) != before


def test_a_model_that_cannot_be_read_is_never_the_same_twice():
    model = LineModel()
    assert model_fingerprint(model) != model_fingerprint(model)


def test_one_changed_pixel_is_another_star():
    model = LineModel()
    star = observed(model, random_labels(model, 1))
    flux = np.array(star.flux)
    flux[0, 7] += 1e-3
    assert star_fingerprint(star) == star_fingerprint(star[0])
    assert star_fingerprint(star) != star_fingerprint(star.replace(flux=flux))


def test_the_least_used_fits_go_first_when_full():
    model = LineModel()
    result = fit_labels(model, observed(model, random_labels(model, 1)), rv_range=0)
    size = 2_000 + result.model_flux.nbytes + result.model_sigma.nbytes
    cache = FitCache(max_bytes=int(2.5 * size))
    for key in "ab":
        cache.put(key, Outcome(result, None))
    assert cache.get("a").result is result
    cache.put("c", Outcome(result, None))
    assert cache.get("b") is None
    assert cache.get("a") is not None
    assert len(cache) == 2
