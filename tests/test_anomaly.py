"""Oddities that were planted come first, each for its own reason."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.analysis.agreement import reference_labels
from stellar_gui.analysis.anomaly import HIGHEST, SURPRISING, anomalies
from stellar_gui.analysis.oddities import oddities
from stellar_gui.fitting.result import FitFlag
from stellar_gui.surveys.fits import read_fits
from stellar_gui.surveys.worker import fit_missing
from tests.odd_survey import ODD, mock_cannon, mock_stars

N_STARS = 200


@pytest.fixture(scope="module")
def model():
    return mock_cannon()


def _fits(folder, model, stars):
    rows = np.arange(len(stars))
    silent = lambda *_: None  # noqa: E731
    fit_missing(folder, model, stars, rows, options={}, report=silent)
    return read_fits(folder, stars.ids, stars.wavelength, model, {}, {})


@pytest.fixture(scope="module")
def stars():
    return mock_stars(N_STARS, seed=11, odd=True)


@pytest.fixture(scope="module")
def fits(tmp_path_factory, model, stars):
    return _fits(tmp_path_factory.mktemp("odd"), model, stars)


@pytest.fixture(scope="module")
def found(fits, stars, model):
    return anomalies(
        fits,
        reference=reference_labels(stars),
        training_labels=np.asarray(model.training_labels),
    )


def test_all_planted_oddities_are_among_the_first_ten(found):
    first = found.order[:10].tolist()
    assert set(ODD.values()) <= set(first), [str(w) for w in found.words[first]]
    assert (found.score[list(ODD.values())] > 2).all()


@pytest.mark.parametrize(
    ("oddity", "words"),
    [
        ("binary", "double-lined?"),
        ("continuum", "continuum tilt"),
        ("missing", "a line too weak"),
        ("emission", "emission"),
        ("outside", "outside training set"),
    ],
)
def test_each_is_named_for_what_it_is(found, oddity, words):
    assert found.words[ODD[oddity]].startswith(words)


def test_usual_stars_are_not_called_strange(found):
    usual = np.delete(np.arange(N_STARS), list(ODD.values()))
    assert np.median(found.score[usual]) < 0.5
    assert (found.score[usual] > SURPRISING).mean() < 0.15
    quiet = usual[found.score[usual] < SURPRISING]
    assert (found.words[quiet] == "").all()


def test_residuals_alone_tell_most_of_it(fits):
    found = anomalies(fits)
    assert {ODD["continuum"], ODD["missing"], ODD["emission"]} <= set(found.order[:6])


def _changed(fits, star, **changes):
    """The fits with some columns of one star set."""
    columns = {}
    for name, value in changes.items():
        columns[name] = getattr(fits, name).copy()
        columns[name][star] = value
    return dataclasses.replace(fits, **columns)


def test_a_star_without_a_fit_comes_first_with_its_sentence(fits):
    spoilt = _changed(fits, 33, chi2=np.nan, sentences="flux is not normalised")
    found = anomalies(spoilt)
    assert found.order[0] == 33
    assert found.score[33] > 9
    assert found.words[33] == "no fit: flux is not normalised"
    assert found.kinds[33] == "bad"


def test_a_fit_that_did_not_converge_says_so(fits):
    spoilt = _changed(fits, 33, flags=int(FitFlag.NOT_CONVERGED))
    found = anomalies(spoilt)
    assert 33 in found.order[:8]
    assert found.words[33] == "the fit did not converge"


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"masked": 0.3}, "30 % masked"), ({"snr": 4.0}, "S/N 4")],
)
def test_poor_data_are_a_reason(fits, changes, words):
    found = anomalies(_changed(fits, 33, **changes))
    assert words in [reason[2] for reason in found.of_star(33)[:2]]


def test_a_label_that_differs_from_its_reference_is_named(fits, stars):
    labels = stars.labels.copy()
    labels[33, 2] += 1.0
    found = anomalies(fits, reference_labels(stars.replace(labels=labels)))
    assert 33 in found.order[:10]
    assert found.words[33].startswith("[Fe/H] differs")


def test_a_star_apart_in_the_latents_is_found(fits):
    latents = np.random.default_rng(1).normal(size=(N_STARS, 4))
    latents[33] += 9.0
    found = anomalies(fits, latents=latents)
    assert 33 in found.order[:10]
    assert found.words[33] == "unlike all others"


def test_stars_that_were_not_tried_stand_last_without_a_score(fits):
    found = anomalies(_changed(fits, ODD["binary"], done=False))
    assert found.order[-1] == ODD["binary"]
    assert np.isnan(found.score[ODD["binary"]])
    assert found.words[ODD["binary"]] == ""
    assert found.score[np.isfinite(found.score)].max() <= HIGHEST


def test_a_sample_of_one_star_is_no_fault(fits, tmp_path, model):
    star = mock_stars(1, seed=2)
    found = anomalies(_fits(tmp_path, model, star))
    assert found.order.tolist() == [0]
    assert found.score[0] < SURPRISING


def test_only_the_wave_itself_counts_as_its_share_of_the_residuals():
    rng, pixel = np.random.default_rng(5), np.arange(4000)
    zscore = rng.normal(size=(300, len(pixel)))
    zscore[0] += np.sin(pixel / 300.0)  # all that exceeds noise is the wave
    zscore[1:60, ::8] += 0.55  # a little, and no wave at all
    zscore[1:60, 4::8] -= 0.55
    share = oddities(zscore, 5000.0 + 0.05 * pixel, np.ones(len(pixel))).wave_share
    assert share[0] == pytest.approx(1.0, abs=0.15)
    assert abs(np.median(share[1:60])) < 0.1


def test_latents_that_are_no_numbers_are_no_reason(fits):
    found = anomalies(fits, latents=np.full((N_STARS, 4), np.nan))
    assert "latents" not in [reason[0] for reason in found.of_star(0)]
