"""The table of all scores: sound models score well, planted faults show where due."""

import numpy as np
import pytest
import torch

from stellar_gui.analysis.ceilings import NuisanceErrors
from stellar_gui.analysis.score_meanings import MEANINGS
from stellar_gui.analysis.scores import ScoreTable
from stellar_gui.analysis.transfer_scores import (
    score_transfer,
    truth_of,
    zscore_figures,
)
from stellar_gui.fitting.result import FitResult
from stellar_gui.spectra import Spectra
from stellar_gui.synthesis.imperfections import LineChanges
from stellar_gui.synthesis.truth import Truth
from tests.transferred import (
    LABEL_NAMES,
    NUISANCE,
    WAVELENGTH,
    Emulator,
    Transferred,
    observe,
)

N_STARS = 300
LOST = (NUISANCE**2).mean().item()  # flux², of a star without its nuisance
CEILINGS = NuisanceErrors(*(np.full(N_STARS, k * LOST) for k in (2.0, 1.0, 0.0)))
NEEDS_TRUTH = {
    "gap",
    "gap_beyond_shift",
    "gap_swapped",
    "swap_of_ceiling",
    "gap_mean_split",
}


@pytest.fixture(scope="module")
def nature():
    return observe(N_STARS, snr=100.0)


@pytest.fixture(scope="module")
def truth(nature):
    _, labels, flux = nature
    spectra = Spectra(
        WAVELENGTH,
        flux,
        np.ones_like(flux),
        labels=labels,
        label_names=LABEL_NAMES,
        medium="air",
        star_data={"continuum": np.zeros((N_STARS, 1, 3))},
    )
    return Truth(spectra, {}, LineChanges(np.zeros(0), np.zeros(0)), frozenset())


def fit_of(labels, flux):
    n_stars, n_pixels = flux.shape
    return FitResult(
        label_names=LABEL_NAMES,
        labels=labels,
        covariance=np.tile(np.eye(3), (n_stars, 1, 1)),
        chi2=np.ones(n_stars),
        n_good=np.full(n_stars, n_pixels),
        flags=np.zeros(n_stars, dtype=int),
        model_flux=flux,
        model_sigma=np.full(n_pixels, 9.0),  # which scores must not hide behind
        rv=np.full(n_stars, np.nan),
        rv_sigma=np.full(n_stars, np.nan),
    )


@pytest.fixture(scope="module")
def fits(nature):
    _, labels, flux = nature
    plain = Emulator()(torch.tensor(labels)).numpy()
    return {
        "emulator": fit_of(labels, plain),
        "transfer": fit_of(labels, flux),
    }


def scores(model, nature, fits, truth=None, **options):
    return score_transfer(
        model, nature[0], truth, fits=fits, ceilings=CEILINGS, **options
    )


@pytest.fixture(scope="module")
def sound(nature, fits, truth):
    return scores(Transferred(), nature, fits, truth)


def test_a_perfect_transfer_reaches_its_ceilings(sound):
    for key in ("gap", "gap_beyond_shift"):
        assert sound[key].value == pytest.approx(1.0, abs=0.01)
    for key in ("gap_swapped", "gap_mean_split"):
        assert sound[key].value == pytest.approx(sound[key].ceiling, abs=0.06)
    for key in ("mixing_spectra", "mixing_z_shared"):
        assert sound[key].value == pytest.approx(0.5, abs=0.05)
    assert sound["zscore_mean"].value == pytest.approx(
        sound["zscore_mean"].ceiling, 0.1
    )
    assert sound["zscore_std"].value == pytest.approx(1.0, abs=0.02)
    assert sound["distance_synth_to_obs"].value == pytest.approx(
        sound["distance_synth_to_obs"].ceiling, rel=0.1
    )
    assert sound.state == "ok"


def test_every_score_says_what_it_means(sound):
    for row in sound:
        assert row.title == MEANINGS[row.key].title
        assert row.sentence.endswith(".")
    assert sound["gap"].baseline < 0.9
    assert "at random" in sound["mixing_spectra"].sentence


def test_the_emulator_alone_is_found_bad(nature, fits, truth):
    nothing = scores(
        Transferred(()), nature, {**fits, "transfer": fits["emulator"]}, truth
    )
    assert nothing["gap"].value == 0.0
    assert nothing["gap"].state == nothing["gap_beyond_shift"].state == "bad"
    assert nothing["mixing_spectra"].value < 0.3
    assert nothing["zscore_mean"].value > 5 * nothing["zscore_mean"].ceiling


def test_lost_derivatives_are_found_without_the_truth(nature, fits):
    lost = scores(Transferred(("missing", "lost")), nature, fits)
    assert lost["derivatives"].value > 0.9
    assert lost["derivatives"].state == "bad"


def test_a_leak_is_found_by_the_swap_and_named(nature, fits, truth):
    leaking = scores(Transferred(("missing", "leak")), nature, fits, truth)
    assert leaking["gap_swapped"].state != "ok"
    assert leaking["leak_max"].value > 0.4
    assert leaking["leak_max"].state == "warn"
    assert "knows mg_fe best" in leaking["leak_max"].sentence


def test_without_the_truth_only_what_a_user_can_know_is_scored(nature, fits, sound):
    seen = scores(Transferred(), nature, fits)
    assert {row.key for row in seen} == {row.key for row in sound} - NEEDS_TRUTH
    assert seen["distance_synth_to_obs"].ceiling is None
    assert seen["mixing_spectra"] == sound["mixing_spectra"]


def test_a_table_computed_again_is_the_same(nature, fits, truth, sound):
    stored = ScoreTable.from_plain(sound.to_plain())
    kept = NuisanceErrors.from_plain(stored.conditions["ceilings"])
    again = score_transfer(Transferred(), nature[0], truth, fits=fits, ceilings=kept)
    assert stored.differing(again, tolerance=1e-9) == []


def test_a_knowing_critic_warns_only_where_domains_lie_apart(nature, fits):
    knows = {"synth": 0.6, "obs": 1.0}
    mixed = scores(Transferred(), nature, fits, critic_accuracy=knows)
    apart = scores(Transferred(()), nature, fits, critic_accuracy=knows)
    assert mixed["critic_accuracy_obs"].value == 1.0
    assert mixed["critic_accuracy_obs"].state == "ok"
    assert apart["critic_accuracy_synth"].state == "ok"
    assert apart["critic_accuracy_obs"].state == "bad"


def test_a_star_without_a_fit_counts_in_no_score(nature, fits):
    broken = {
        name: fit_of(
            np.where(np.arange(N_STARS)[:, None] == 3, np.nan, fit.labels),
            np.where(np.arange(N_STARS)[:, None] == 3, np.nan, fit.model_flux),
        )
        for name, fit in fits.items()
    }
    found = scores(Transferred(), nature, broken)
    assert all(np.isfinite(row.value) for row in found)


def test_ceilings_of_other_stars_are_refused(nature, truth):
    few = nature[0][:50]
    few_fits = dict.fromkeys(
        ("emulator", "transfer"), fit_of(nature[1][:50], nature[2][:50])
    )
    with pytest.raises(ValueError, match=r"of 300 stars, expected the first of these"):
        score_transfer(Transferred(), few, truth, fits=few_fits, ceilings=CEILINGS)


def test_zscores_of_noise_lie_at_the_floor():
    rng = np.random.default_rng(0)
    sigma = rng.uniform(0.01, 0.1, (400, 500))
    spectra = Spectra(
        5000.0 + np.arange(500), 1 + sigma * rng.normal(size=sigma.shape), sigma**-2
    )
    found = zscore_figures(spectra, np.ones_like(sigma))
    assert found.floor == pytest.approx(0.0399, abs=1e-4)
    assert found.mean == pytest.approx(found.floor, rel=0.05)
    assert found.std == pytest.approx(1.0, abs=0.01)


def test_the_truth_of_stars_is_found_by_their_ids(truth):
    stars = truth.spectra[[7, 2]]
    assert list(truth_of(truth, stars).spectra.ids) == ["7", "2"]
    with pytest.raises(ValueError, match="knows nothing of 1 of 1 stars, such as x"):
        truth_of(truth, stars[:1].replace(ids=["x"]))
