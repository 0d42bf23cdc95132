"""Maps of both domains: laid out once, kept, and placed into."""

import dataclasses
import time

import numpy as np
import pytest

from stellar_gui.analysis.augmentation import Augmentation
from stellar_gui.lasso import Lasso
from stellar_gui.maps import MapSettings
from stellar_gui.maps.files import read_maps, write_maps
from stellar_gui.maps.map import fingerprint_of
from stellar_gui.maps.principal import principal_maps
from stellar_gui.maps.reduction import reduction_of
from stellar_gui.maps.request import MapRequest
from stellar_gui.maps.spaces import domain_sets, map_rows, star_points
from stellar_gui.maps.store import Maps
from stellar_gui.maps.tsne import lay_out, placer
from stellar_gui.maps.worker import RESULT, laid_out
from tests.transferred import Transferred, observe

QUICK = MapSettings(perplexity=10, early_iterations=60, iterations=60, n_stars=60)
PATIENCE = 120.0  # seconds, on a loaded machine


def _two_sets(apart, n=70, seed=0):
    points = np.random.default_rng(seed).normal(size=(2 * n, 8))
    points[n:, 0] += apart
    return reduction_of(points)(points), np.repeat([False, True], n)


def _other_share(positions, is_second):
    distance = np.linalg.norm(positions[:, None] - positions, axis=2)
    np.fill_diagonal(distance, np.inf)
    near = distance.argsort(axis=1)[:, :10]
    return (is_second[near] != is_second[:, None]).mean()


@pytest.fixture(scope="module")
def survey():
    return observe(n_stars=80, snr=100.0)[0]


@pytest.fixture(scope="module")
def request_(survey):
    """A request of a model that knows what observations have."""
    return MapRequest(_Stored(), survey, QUICK)


class _Stored(Transferred):
    """With what a fingerprint reads of a model."""

    def to_tensors(self):
        return {"training_labels": self.training_labels}

    def header(self):
        return {"kind": self.kind, "knows": sorted(self.knows)}


# ---- t-SNE


def test_separable_sets_stay_apart_and_equal_ones_mix():
    apart, mixed = (_two_sets(away) for away in (12.0, 0.0))
    assert _other_share(lay_out(apart[0], QUICK), apart[1]) < 0.02
    assert _other_share(lay_out(mixed[0], QUICK), mixed[1]) > 0.4


def test_a_seed_gives_the_same_map_to_the_last_bit():
    points, _ = _two_sets(2.0)
    np.testing.assert_array_equal(lay_out(points, QUICK), lay_out(points, QUICK))


def test_a_point_of_the_map_is_placed_near_itself_and_moves_no_other():
    points, _ = _two_sets(12.0)
    positions = lay_out(points, QUICK)
    kept = positions.copy()
    placed = placer(points, positions, QUICK)(points[::7] + 1e-4)
    size = np.ptp(positions, axis=0).max()
    distance = np.linalg.norm(placed - positions[::7], axis=1)
    assert np.median(distance) < 0.02 * size
    assert distance.max() < 0.15 * size
    np.testing.assert_array_equal(positions, kept)


def test_progress_is_told_and_what_it_raises_ends_the_work():
    points, _ = _two_sets(0.0)
    told = []
    lay_out(points, QUICK, told.append)
    assert told == sorted(told)
    assert told[-1] == QUICK.total_iterations == 120

    def stop(_iteration):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        lay_out(points, QUICK, stop)


def test_few_points_have_a_map_too():
    assert lay_out(_two_sets(0.0, n=5)[0], MapSettings(iterations=5)).shape == (10, 2)


# ---- points


def test_leading_components_are_those_of_a_full_decomposition():
    points = np.random.default_rng(0).normal(size=(50, 30)) * np.arange(30, 0, -1)
    few, every = reduction_of(points, 4), reduction_of(points)
    np.testing.assert_allclose(few(points), every(points)[:, :4], atol=2e-3)
    np.testing.assert_allclose(few.components @ few.components.T, np.eye(4), atol=1e-5)


def test_no_synthetic_star_has_the_labels_of_an_observed_one(survey):
    sets = domain_sets(_Stored(), survey, QUICK)
    assert not np.isin(sets.synth_labels[:, 0], survey.labels[:, 0]).any()
    assert len(sets.ids) == len(set(sets.ids)) == 160
    assert (sets.domain == "obs").sum() == 80
    assert "none is a pair" in sets.notes[0]


def test_no_star_is_dropped_without_a_word(survey):
    ivar = survey.ivar.copy()
    ivar[3] = 0.0
    ivar[5, :10] = 0.0
    sets = domain_sets(_Stored(), survey.replace(ivar=ivar), QUICK)
    assert sets.left_out == ((survey.ids[3], "no good pixel"),)
    assert len(sets.star_ids) == 79
    assert "10 bad pixels" in sets.notes[2]
    assert "1 star is on no map" in sets.notes[3]


def test_all_observed_stars_are_mapped_where_assumed_labels_are_fewer(survey):
    model = _Stored(training_labels=_Stored().training_labels[:50])
    sets = domain_sets(model, survey, QUICK)
    assert (len(sets.synth_ids), len(sets.star_ids)) == (50, 80)


def test_nothing_to_map_is_said(survey):
    bad = survey.replace(ivar=np.zeros(survey.ivar.shape))
    with pytest.raises(ValueError, match="none of 80 stars can be mapped: no good"):
        domain_sets(_Stored(), bad, QUICK)
    with pytest.raises(ValueError, match="a star has no good pixel"):
        star_points(_Stored(), bad[:1], "raw")


def test_stars_of_the_test_split_are_chosen_where_there_is_one(survey):
    split = np.array(["train", "test"] * 40)
    both = survey.replace(star_data={"split": split})
    assert set(map_rows(both, QUICK)) == set(range(1, 80, 2))
    everything = dataclasses.replace(QUICK, stars="all")
    assert len(map_rows(both, everything)) == QUICK.n_stars
    assert len(map_rows(survey, dataclasses.replace(QUICK, n_stars=100))) == 80


# ---- maps


def test_a_transfer_that_knows_nature_mixes_what_physics_does_not(request_):
    maps = principal_maps(request_.sets, request_.source, request_.settings)
    assert list(maps) == ["raw", "latents", "transferred"]
    assert maps["raw"].mixing.value < 0.4
    assert maps["transferred"].mixing.value == pytest.approx(0.5, abs=0.05)
    assert maps["raw"].mixing.shuffled == pytest.approx(0.5, abs=0.05)


def test_a_map_is_placed_into_by_the_spectrum_of_a_star(request_):
    maps = principal_maps(request_.sets, request_.source, request_.settings)
    for space, one in maps.items():
        again = star_points(request_.model, request_.stars[:3], space)
        points = one.points_of(request_.stars.ids[:3])
        np.testing.assert_allclose(one.place(again), points, atol=1e-4)
    assert np.isnan(maps["raw"].points_of(["nobody"])).all()


def test_augmentation_makes_a_map_of_spectra_alone(request_):
    noise = dataclasses.replace(QUICK, augmentation=Augmentation(snr=100.0))
    other = request_.changed(noise)
    assert other.sets is request_.sets
    maps = principal_maps(other.sets, other.source, noise)
    assert list(maps) == ["raw"]
    assert other.fingerprint != request_.fingerprint


def test_another_pixel_model_or_setting_is_another_map(request_, survey):
    flux = request_.survey.flux.copy()
    flux[:, 9] += 1e-4
    others = [
        MapRequest(_Stored(), survey.replace(flux=flux), QUICK),
        MapRequest(_Stored(["missing"]), survey, QUICK),
        MapRequest(_Stored(), survey, dataclasses.replace(QUICK, perplexity=11)),
    ]
    known = {other.fingerprint for other in others}
    assert len(known | {request_.fingerprint}) == 4
    assert MapRequest(_Stored(), survey, QUICK).fingerprint == request_.fingerprint


def test_a_pca_knows_nothing_of_perplexity():
    one, two = (MapSettings(method="pca", perplexity=p) for p in (20, 30))
    assert fingerprint_of("data", one) == fingerprint_of("data", two)
    assert one.words(90) == "PCA · components 1 and 2"


def test_a_number_names_the_same_maps_however_it_is_written():
    whole = MapSettings(perplexity=30, learning_rate=200, n_stars=1800.0, seed=3.0)
    other = MapSettings(perplexity=30.0, learning_rate=200.0, n_stars=1800, seed=3)
    assert fingerprint_of("data", whole) == fingerprint_of("data", other)


def test_maps_are_kept_whole(request_, tmp_path):
    begin = principal_maps(request_.sets, request_.source, request_.settings)
    maps = laid_out(begin, QUICK)
    write_maps(tmp_path / "maps.npz", maps)
    again = read_maps(tmp_path / "maps.npz")
    assert again.fingerprint == maps.fingerprint == request_.fingerprint
    assert (again.settings, again.notes) == (maps.settings, maps.notes)
    for space, one in maps.items():
        np.testing.assert_array_equal(again[space].ids, one.ids)
        np.testing.assert_allclose(again[space].points, one.points, rtol=1e-6)
        assert again[space].mixing == one.mixing
        assert again[space].map_id == one.map_id
        assert Lasso(one.map_id, [(0, 0), (1, 0), (0, 1)]).map_id == one.map_id
    flat = again.pca()
    assert flat.fingerprint == begin.fingerprint
    np.testing.assert_allclose(flat["raw"].points, begin["raw"].points, rtol=1e-6)


def _finished(job):
    began = time.monotonic()
    while job.state == "running" and time.monotonic() - began < PATIENCE:
        time.sleep(0.1)
    assert job.state == "finished", job.error


def test_maps_are_computed_in_another_process_and_found_again(request_, tmp_path):
    maps = Maps(tmp_path)
    assert maps.cached(request_) is None
    job = maps.start(request_)
    assert maps.start(request_).folder == job.folder
    _finished(job)
    found = maps.cached(request_)
    assert job.progress.share == 1.0
    begin = maps.compute(request_)
    same = laid_out(begin, QUICK)
    for space in found:
        np.testing.assert_allclose(
            found[space].points, same[space].points, rtol=1e-5, atol=1e-5
        )
    damaged = job.folder / RESULT
    damaged.write_bytes(damaged.read_bytes()[:500])
    assert maps.cached(request_) is None
    _finished(maps.start(request_))
    np.testing.assert_array_equal(
        maps.cached(request_)["raw"].points, found["raw"].points
    )


def test_a_job_can_be_stopped(request_, tmp_path):
    long = request_.changed(dataclasses.replace(QUICK, iterations=1_000_000))
    maps = Maps(tmp_path)
    job = maps.start(long)
    job.stop()
    began = time.monotonic()
    while job.state == "running" and time.monotonic() - began < PATIENCE:
        time.sleep(0.1)
    assert job.state == "stopped", job.error
    assert maps.cached(long) is None


def test_a_file_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", flux=np.ones(3))
    with pytest.raises(ValueError, match=r"other\.npz holds no maps, it is damaged"):
        read_maps(tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"method": "umap"}, "method is 'umap', expected tsne or pca"),
        ({"perplexity": 0}, "perplexity is 0, expected a number of 1 or more"),
        ({"learning_rate": "fast"}, "expected 'auto' or a number above 0"),
        ({"n_stars": float("inf")}, "n_stars is inf, expected a number of 25"),
        ({"n_stars": 3}, "n_stars is 3, expected a number of 25 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        MapSettings(**wrong)


def test_settings_are_stored_in_plain_values():
    some = MapSettings(perplexity=45, augmentation=Augmentation(30.0))
    assert MapSettings.from_plain(some.to_plain()) == some
    with pytest.raises(ValueError, match="a map has no setting colour; expected some"):
        MapSettings.from_plain({"colour": "red"})
