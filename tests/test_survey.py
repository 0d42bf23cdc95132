"""The sample survey: reproducible, whole or absent, each ingredient on its own."""

import multiprocessing
from pathlib import Path

import h5py
import numpy as np
import pytest

from stellar_gui.io import read_spectra
from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis import plan as plans
from stellar_gui.synthesis import survey
from stellar_gui.synthesis.imperfections import INGREDIENTS, draw_line_changes
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.observing import observe
from stellar_gui.synthesis.production import Batch, Producer, Recipe
from stellar_gui.synthesis.truth import read_truth

SEED, SIZES = 5, (2, 10)
ALL = frozenset(ingredient.name for ingredient in INGREDIENTS)
PHYSICAL = ("log_gf", "missing_lines", "nlte", "lsf", "broadening", "rv")
PACKAGE = Path(survey.__file__).parents[1]


def make(out, **options):
    n_synthetic, n_observed = SIZES
    options = {"seed": SEED, "workers": 1, "progress": lambda *_: None} | options
    return survey.make_survey(
        out, n_synthetic=n_synthetic, n_observed=n_observed, **options
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make(tmp_path_factory.mktemp("survey"))


@pytest.fixture(scope="module")
def plan(folder):
    observed = read_spectra(folder / "observed.h5")
    pieces, preset = observed.pieces(), plans.PRESETS["default"]
    return plans.draw_plan(
        preset, observed.wavelength, pieces, SIZES, SEED, frozenset()
    )


def producer(without=frozenset()):
    return Producer(Recipe(draw_line_changes(bundled_lines(), SEED, without), without))


@pytest.fixture(scope="module")
def stars(plan):
    """Two stars of the observed set as the synthesis takes them."""
    drawn = plan.stars
    batch = Batch(drawn.labels, drawn.vmacro, drawn.vsini, plan.exposures.rv)
    return batch.rows(0, 2)


@pytest.fixture(scope="module")
def synthetic_flux(stars):
    return producer(ALL).flux(Batch(stars.labels))


def test_two_workers_write_the_same_bytes_as_one(folder, tmp_path):
    make(tmp_path, workers=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(survey.FILES)
    for name in survey.FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


@pytest.mark.parametrize("workers", [1, 2])
def test_stopping_leaves_the_old_survey_and_no_worker(tmp_path, workers):
    def stop(done, total):
        raise KeyboardInterrupt

    (tmp_path / "observed.h5").write_text("older")
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, workers=workers, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["observed.h5"]
    assert (tmp_path / "observed.h5").read_text() == "older"
    assert multiprocessing.active_children() == []


def test_failing_to_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    flux = np.ones((sum(SIZES), 2117), np.float32)
    parts = [flux[: SIZES[0]], flux[SIZES[0] :]]
    monkeypatch.setattr(survey, "_synthesise", lambda *_: parts)
    monkeypatch.setattr(survey, "write_truth", full)
    with pytest.raises(OSError, match="no space"):
        make(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_every_star(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        survey,
        "produce",
        lambda recipe, samples, workers: (
            (number, np.ones((len(part.labels), 2117)))
            for number, sample in enumerate(samples)
            for part in (sample.rows(0, 1), sample.rows(1, 99))
        ),
    )
    make(tmp_path, progress=lambda *counts: seen.append(counts))
    assert seen == [(1, 12), (2, 12), (3, 12), (12, 12)]


def test_what_is_stored_is_what_was_synthesised(folder, plan):
    """Truth and synthetic set equal the physics, to the stated storage error."""
    last = slice(8, 10)  # the second batch
    drawn, maker = plan.stars, producer()
    batch = Batch(drawn.labels, drawn.vmacro, drawn.vsini, plan.exposures.rv)
    truth = read_truth(folder / "truth.h5").spectra[last]
    synthetic = read_spectra(folder / "synthetic.h5")
    for stored, exact in (
        (truth.flux, maker.flux(batch.rows(8, 10))),
        (synthetic.flux, maker.flux(Batch(plan.synthetic_labels))),
    ):
        worst = np.abs(np.asarray(stored) - exact).max()
        assert 0 < worst <= survey.FLUX_STEP / 2 + 1e-7
    np.testing.assert_array_equal(truth.labels, drawn.labels[last])
    np.testing.assert_array_equal(synthetic.labels, plan.synthetic_labels)


def test_observed_flux_is_the_truth_seen_by_the_telescope(folder, plan):
    observed = read_spectra(folder / "observed.h5")
    true = np.asarray(read_truth(folder / "truth.h5").spectra.flux)
    pieces = observed.pieces()
    flux, ivar = observe(true, observed.wavelength, pieces, plan.exposures, SEED)
    good = observed.good
    np.testing.assert_array_equal(good, ivar > 0)
    twice_rounded = 1.1 * survey.FLUX_STEP  # truth and observed, continuum apart
    assert np.abs(np.asarray(observed.flux) - flux)[good].max() <= twice_rounded
    np.testing.assert_allclose(np.asarray(observed.ivar), ivar, rtol=1e-5)


def test_the_files_state_their_storage_error(folder):
    for name in survey.FILES:
        with h5py.File(folder / name) as file:
            assert file["flux"].attrs["max_error"] == survey.FLUX_STEP / 2
            assert file["ivar"].attrs["max_relative_error"] < 1e-5


def test_the_observed_set_holds_a_catalogue_and_no_truth(folder, plan):
    observed = read_spectra(folder / "observed.h5")
    assert set(observed.star_data) == {"split", "snr", "population"}
    assert observed.label_names == SYNTHETIC_LABELS
    assert (observed.medium, observed.resolution) == ("air", 25000)
    zscore = (observed.labels - plan.stars.labels) / observed.labels_sigma
    assert zscore.std() == pytest.approx(1, abs=0.15)
    assert np.abs(zscore).min() > 0


def test_the_truth_names_what_the_list_has_wrong(folder):
    truth = read_truth(folder / "truth.h5")
    lines = bundled_lines()
    np.testing.assert_array_equal(truth.lines["log_gf"], lines.log_gf)
    changes = draw_line_changes(lines, SEED)
    np.testing.assert_array_equal(truth.changes.log_gf, changes.log_gf)
    np.testing.assert_array_equal(truth.changes.missing, changes.missing)
    assert truth.without == frozenset()
    assert {"rv", "vmacro", "vsini", "continuum"} <= set(truth.spectra.star_data)


def test_an_observed_set_is_no_truth(folder):
    with pytest.raises(ValueError, match=r"no group 'lines', expected the truth\.h5"):
        read_truth(folder / "observed.h5")


def test_without_all_ingredients_both_domains_agree_to_the_last_bit(
    stars, synthetic_flux
):
    plain = stars._replace(rv=np.zeros_like(stars.rv))
    np.testing.assert_array_equal(producer(ALL).flux(plain), synthetic_flux)


@pytest.mark.parametrize("ingredient", PHYSICAL)
def test_one_ingredient_alone_changes_the_observed_flux_a_little(
    stars, synthetic_flux, ingredient
):
    maker = producer(ALL - {ingredient})
    batch = stars
    if ingredient != "rv":
        batch = stars._replace(rv=np.zeros_like(stars.rv))
    change = maker.flux(batch) - synthetic_flux
    if ingredient == "missing_lines":  # it is the synthetic list that lacks them
        np.testing.assert_array_equal(change, 0)
        change = change - (maker.flux(Batch(batch.labels)) - synthetic_flux)
    assert 2e-5 < np.sqrt(np.mean(change**2)) < 0.02


@pytest.mark.parametrize("ingredient", ["log_gf", "nlte", "lsf", "broadening"])
def test_the_synthetic_domain_knows_no_ingredient_but_missing_lines(
    stars, synthetic_flux, ingredient
):
    flux = producer(ALL - {ingredient}).flux(Batch(stars.labels))
    np.testing.assert_array_equal(flux, synthetic_flux)


@pytest.mark.parametrize("left_out", sorted(ALL))
def test_leaving_one_out_moves_no_other_draw(plan, folder, left_out):
    observed = read_spectra(folder / "observed.h5")
    preset, pieces = plans.PRESETS["default"], observed.pieces()
    less = plans.draw_plan(
        preset, observed.wavelength, pieces, SIZES, SEED, frozenset({left_out})
    )
    for name in set(plan._fields) - {"exposures", "stars"}:
        np.testing.assert_array_equal(getattr(less, name), getattr(plan, name), name)
    for name, one, other in zip(
        plan.stars._fields, less.stars, plan.stars, strict=True
    ):
        np.testing.assert_array_equal(one, other, name)
    gone = {"bad_pixels": "bad"}.get(left_out, left_out)
    for name in plan.exposures._fields:
        same = np.array_equal(
            getattr(less.exposures, name), getattr(plan.exposures, name)
        )
        assert same == (name != gone), name


def test_splits_hold_every_star_once_and_enough_of_them():
    rng = lambda: np.random.default_rng(1)  # noqa: E731
    preset = plans.PRESETS["default"]
    split = plans.split_stars(preset.n_observed, plans.OBSERVED_SPLIT, rng())
    counts = {name: int((split == name).sum()) for name in np.unique(split)}
    assert counts == {"train": 1400, "validation": 200, "test": 400}
    longer = plans.split_stars(5000, plans.OBSERVED_SPLIT, rng())
    np.testing.assert_array_equal(longer[: len(split)], split)


def test_the_simpler_preset_has_fifteen_labels_and_no_sky(tmp_path, monkeypatch):
    flux = np.ones((sum(SIZES), 2117), np.float32)
    parts = [flux[: SIZES[0]], flux[SIZES[0] :]]
    monkeypatch.setattr(survey, "_synthesise", lambda *_: parts)
    make(tmp_path, preset="note", without=("noise",))
    observed = read_spectra(tmp_path / "observed.h5")
    assert len(observed.label_names) == 15
    assert observed.good.all()
    assert set(observed.star_data["population"]) == {"thin disc", "thick disc"}
    truth = read_truth(tmp_path / "truth.h5")
    assert truth.without == {"telluric", "bad_pixels", "rv", "noise"}
    assert truth.spectra.label_names == SYNTHETIC_LABELS
    assert not truth.spectra.star_data["rv"].any()
    start, stop = observed.pieces()[0]
    piece = np.asarray(observed.flux)[:, start:stop]
    assert np.abs(np.diff(piece, n=2)).max() < 2.5 * survey.FLUX_STEP


def test_stars_around_the_galaxy_stay_in_the_domain_and_spread():
    labels = plans.sample_around_discs(500, seed=2)
    assert len(labels) == 500
    assert plans.grid.inside(labels).all()
    fe_h, eu_h = (labels[:, SYNTHETIC_LABELS.index(n)] for n in ("fe_h", "eu_h"))
    mn_h = labels[:, SYNTHETIC_LABELS.index("mn_h")]
    np.testing.assert_array_equal(fe_h, eu_h)
    assert (mn_h - fe_h).std() > 0.15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"without": ("nltee",)}, "ingredient 'nltee'.*mean 'nlte'"),
        ({"preset": "notes"}, "no preset 'notes', expected one of default, note"),
        ({"n_synthetic": 0}, "n_synthetic is 0, expected at least 1"),
        ({"n_observed": -1}, "n_observed is -1, expected at least 1"),
        ({"workers": 0}, "workers is 0, expected at least 1"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_made(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        survey.make_survey(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_only_those_who_judge_read_the_truth():
    """Experiments hold methods against it, and have baselines that are told it."""
    readers = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if "read_truth" in path.read_text() or "truth.h5" in path.read_text()
    }
    assert readers <= {"synthesis", "analysis", "experiments"}
