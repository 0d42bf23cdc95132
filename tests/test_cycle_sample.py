"""The Cycle-StarNet that ships: scores computed anew hold, and lost lines return."""

import numpy as np
import pytest

from stellar_gui.analysis.ceilings import NuisanceErrors, nuisance_errors
from stellar_gui.analysis.label_errors import error_table
from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.analysis.transfer_scores import score_transfer, truth_of
from stellar_gui.analysis.transfer_words import read_errors, read_scores
from stellar_gui.experiments.baselines import RV_RANGE
from stellar_gui.fitting import fit_labels
from stellar_gui.io import read_spectra
from stellar_gui.models import load_model
from stellar_gui.paths import sample_data
from stellar_gui.preprocess.medium import convert_wavelength
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.truth import read_truth

FILE = sample_data() / "models" / "cycle_starnet.safetensors"
DEEP = 0.15  # largest depth of a removed line, from which it may show in many stars
RESYNTHESISED = 2  # stars


@pytest.fixture(scope="module")
def model():
    return load_model(FILE)


@pytest.fixture(scope="module")
def stars():
    observed = read_spectra(sample_data() / "survey" / "observed.h5")
    return observed[observed.star_data["split"].astype(str) == "test"]


@pytest.fixture(scope="module")
def truth(stars):
    return truth_of(read_truth(sample_data() / "survey" / "truth.h5"), stars)


@pytest.fixture(scope="module")
def fits(model, sample_payne, stars):
    models = {"emulator": load_model(sample_payne), "transfer": model}
    return {
        name: fit_labels(each, stars, rv_range=RV_RANGE)
        for name, each in models.items()
    }


def test_scores_computed_anew_are_those_in_the_file(model, stars, truth, fits):
    """All but the ceilings, which take a minute of synthesis: see the next test."""
    stored = read_scores(model.provenance)
    again = score_transfer(
        model,
        stars,
        truth,
        fits=fits,
        ceilings=NuisanceErrors.from_plain(stored.conditions["ceilings"]),
        critic_accuracy=stored.conditions["critic_accuracy"],
        seed=stored.conditions["seed"],
    )
    assert stored.conditions["n_stars"] == len(stars)
    assert stored.differing(again, tolerance=1e-3) == []


def test_ceilings_in_the_file_are_those_of_the_physics(model, truth):
    conditions = read_scores(model.provenance).conditions
    stored = NuisanceErrors.from_plain(conditions["ceilings"])
    again = nuisance_errors(
        truth, model.label_names, n_stars=RESYNTHESISED, seed=conditions["seed"]
    )
    for kept, found in zip(stored, again, strict=True):
        np.testing.assert_allclose(kept[:RESYNTHESISED], found, rtol=1e-3)


def test_label_errors_computed_anew_are_those_in_the_file(model, truth, fits):
    stored = read_errors(model.provenance)
    again = error_table(
        {name: (fit.label_names, fit.labels) for name, fit in fits.items()},
        truth.spectra.labels,
        truth.spectra.label_names,
        reference="emulator",
    )
    for name in fits:
        assert stored.errors[name].n_stars == again.errors[name].n_stars
        np.testing.assert_allclose(
            stored.errors[name].rms, again.errors[name].rms, rtol=5e-3
        )


def test_no_test_star_was_learnt_from(model, stars):
    learnt = set(model.provenance["training_ids"])
    assert learnt
    assert not learnt & set(stars.ids)


def test_removed_lines_show_in_residuals_of_the_payne_and_not_of_the_transfer(
    stars, truth, fits
):
    """z-scores, averaged over stars, where the synthetic list lacks a line."""
    pixel = _removed(truth, stars)
    payne, transfer = (
        _mean_zscore(stars, fits[name].model_flux)[pixel]
        for name in ("emulator", "transfer")
    )
    shown = payne < -0.5  # of one star; of all, ten standard deviations
    assert shown.sum() >= 10
    assert (transfer[shown] > 0.5 * payne[shown]).all()
    assert np.median(np.abs(transfer[shown] / payne[shown])) < 0.2


def _mean_zscore(spectra, model_flux):
    """(n_pixels,) over stars; 0 where no star has a good pixel."""
    zscore = residual_zscore(spectra.flux, spectra.ivar, model_flux)
    seen = np.isfinite(zscore).sum(axis=0)
    return np.nansum(zscore, axis=0) / np.maximum(seen, 1)


def _removed(truth, spectra):
    """Pixels of the deeper removed lines, each once."""
    lines, gone = truth.lines, truth.changes.missing
    at = lines["wavelength"][gone & (lines["max_depth"] > DEEP)]
    at = convert_wavelength(at, bundled_lines().medium, spectra.medium)
    near = np.abs(spectra.wavelength[:, None] - at)
    step = np.gradient(spectra.wavelength)
    inside = near.min(axis=0) < step.max()
    return np.unique(near.argmin(axis=0)[inside])
