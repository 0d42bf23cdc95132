"""The survey that ships: what its README says of it holds."""

import h5py
import numpy as np
import pytest

from stellar_gui import paths
from stellar_gui.io import read_spectra
from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis import grid
from stellar_gui.synthesis import plan as plans
from stellar_gui.synthesis.imperfections import draw_line_changes
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.production import Batch, Producer, Recipe
from stellar_gui.synthesis.survey import FILES, FLUX_STEP
from stellar_gui.synthesis.truth import read_truth

SEED = 1
FOLDER = paths.sample_data() / "survey"


@pytest.fixture(scope="module")
def synthetic():
    return read_spectra(FOLDER / "synthetic.h5")


@pytest.fixture(scope="module")
def observed():
    return read_spectra(FOLDER / "observed.h5")


@pytest.fixture(scope="module")
def truth():
    return read_truth(FOLDER / "truth.h5")


@pytest.fixture(scope="module")
def producer():
    return Producer(Recipe(draw_line_changes(bundled_lines(), SEED), frozenset()))


def test_the_three_files_take_at_most_20_megabytes():
    assert sum((FOLDER / name).stat().st_size for name in FILES) <= 20e6


def test_it_is_as_large_as_promised(synthetic, observed, truth):
    assert len(synthetic) >= 3000
    assert len(observed) >= 2000
    assert (observed.star_data["split"] == "test").sum() >= 400
    assert synthetic.n_pixels == observed.n_pixels == 2117
    np.testing.assert_array_equal(truth.spectra.ids, observed.ids)
    np.testing.assert_array_equal(
        truth.spectra.star_data["split"], observed.star_data["split"]
    )


def test_synthetic_labels_fill_the_domain_and_true_labels_lie_in_it(synthetic, truth):
    assert synthetic.label_names == truth.spectra.label_names == SYNTHETIC_LABELS
    assert grid.inside(synthetic.labels).all()
    assert grid.inside(truth.spectra.labels).all()


def test_the_catalogue_errs_by_what_it_states(observed, truth):
    zscore = (observed.labels - truth.spectra.labels) / observed.labels_sigma
    np.testing.assert_allclose(zscore.std(axis=0), 1, atol=0.06)
    np.testing.assert_allclose(zscore.mean(axis=0), 0, atol=0.1)


def test_observed_noise_is_what_ivar_says(observed, truth):
    """Beside the noise there are continuum errors and tellurics of up to 2 per cent."""
    some = observed[:200]
    flux, ivar, good = np.asarray(some.flux), np.asarray(some.ivar), some.good
    zscore = (flux - np.asarray(truth.spectra[:200].flux)) * np.sqrt(ivar)
    assert 1.0 < zscore[good].std() < 1.2
    assert good.mean() == pytest.approx(1 - 0.003 - 12 / 2117, abs=0.001)


def test_storage_errors_are_those_of_the_readme():
    for name in FILES:
        with h5py.File(FOLDER / name) as file:
            assert file["flux"].attrs["max_error"] == FLUX_STEP / 2 <= 2.5e-4
            assert file["ivar"].attrs["max_relative_error"] < 1e-5


def test_the_sample_is_made_by_the_recipe_as_it_stands(
    synthetic, observed, truth, producer
):
    """Three stars of each kind, synthesised again, are the stars of the files."""
    sizes, pieces = (len(synthetic), len(observed)), observed.pieces()
    plan = plans.draw_plan(
        plans.PRESETS["default"], observed.wavelength, pieces, sizes, SEED, frozenset()
    )
    np.testing.assert_allclose(synthetic.labels, plan.synthetic_labels, rtol=1e-9)
    np.testing.assert_allclose(truth.spectra.labels, plan.stars.labels, rtol=1e-5)
    np.testing.assert_array_equal(observed.star_data["split"], plan.observed_split)
    stars = plan.stars
    batch = Batch(stars.labels, stars.vmacro, stars.vsini, plan.exposures.rv)
    for stored, again in (
        (synthetic[:3], producer.flux(Batch(plan.synthetic_labels).rows(0, 3))),
        (truth.spectra[:3], producer.flux(batch.rows(0, 3))),
    ):
        assert np.abs(np.asarray(stored.flux) - again).max() < 3e-4
