"""A survey's fits: the same as single ones, resumed, refused with a sentence, found."""

import shutil
import time

import numpy as np
import pytest

from stellar_gui.fitting import FitFlag, fit_labels
from stellar_gui.io import read_spectra, write_spectra
from stellar_gui.jobs import Job
from stellar_gui.pruning import prune
from stellar_gui.surveys import Survey, batches, default_sample, samples
from stellar_gui.surveys.batches import BATCH, batch_file
from stellar_gui.surveys.key import data_fingerprint
from stellar_gui.surveys.worker import fit_missing
from tests.small_survey import small_cannon, small_survey

N_STARS = 2 * BATCH + 5


@pytest.fixture(scope="module")
def model():
    return small_cannon()


@pytest.fixture(scope="module")
def spectra():
    return small_survey(N_STARS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, spectra, model):
    """A survey whose stars are all fitted."""
    survey = _survey(spectra, model, tmp_path_factory.mktemp("whole"))
    _fit(survey, spectra, model)
    return survey


def _survey(spectra, model, root, **options):
    return Survey(spectra, np.arange(len(spectra)), model, root=root, **options)


def _fit(survey, spectra, model, report=lambda *_: None):
    survey.folder.mkdir(parents=True, exist_ok=True)
    rows = np.arange(len(spectra))
    fit_missing(survey.folder, model, spectra, rows, options={}, report=report)


class _Enough(Exception):
    """Stands for whatever ends a worker."""


def test_fits_of_a_survey_are_those_of_single_stars(whole, spectra, model):
    fits, single = whole.fits(), fit_labels(model, spectra)
    assert fits.done.all()
    assert (fits.sentences == "").all()
    np.testing.assert_allclose(fits.labels, single.labels, rtol=1e-5)
    np.testing.assert_allclose(fits.sigma, single.sigma, rtol=1e-4)
    np.testing.assert_allclose(fits.reduced_chi2, single.reduced_chi2, rtol=1e-4)
    np.testing.assert_array_equal(fits.flags, single.flags)
    np.testing.assert_allclose(fits.snr, spectra.snr())
    typical = np.mean(single.model_flux, axis=0)
    np.testing.assert_allclose(fits.typical_flux, typical, rtol=1e-6)
    difference = spectra.flux - single.model_flux
    difference[~spectra.good] = np.nan
    np.testing.assert_allclose(fits.difference, difference, atol=1e-3)
    sigma = np.sqrt(1 / spectra.ivar.clip(1e-9) + single.model_sigma**2)
    np.testing.assert_allclose(fits.zscore, difference / sigma, atol=0.03)
    assert fits.masked.mean() == pytest.approx(0.01, abs=0.005)
    assert fits.converged.sum() + fits.failed.sum() == N_STARS


def test_what_was_made_is_found_again_by_the_content_of_everything(
    whole, spectra, model
):
    root = whole.folder.parent
    assert _survey(spectra, model, root).state == "finished"
    flux = spectra.flux.copy()
    flux[3, 7] += 1e-4
    assert _survey(spectra.replace(flux=flux), model, root).state == "new"
    assert _survey(spectra, small_cannon(order=1), root).state == "new"
    assert _survey(spectra, model, root, options={"starts": 1}).state == "new"
    assert _survey(spectra[::-1], model, root).state == "new"


def test_a_worker_that_was_killed_goes_on_where_it_stopped(tmp_path, spectra, model):
    survey = _survey(spectra, model, tmp_path)
    told = []

    def report(done, total, words):
        told.append(done)
        if done >= 2 * BATCH:
            raise _Enough

    with pytest.raises(_Enough):
        _fit(survey, spectra, model, report)
    assert survey.n_done == 2 * BATCH
    assert survey.state == "stopped"
    part = survey.fits()
    assert part.done.sum() == 2 * BATCH
    assert not part.fitted[2 * BATCH :].any()
    assert np.isnan(part.zscore[2 * BATCH :]).all()
    made = batch_file(survey.folder, 0).stat().st_mtime_ns
    _fit(survey, spectra, model)
    assert batch_file(survey.folder, 0).stat().st_mtime_ns == made
    assert survey.state == "finished"
    assert survey.progress.words == f"{N_STARS} of {N_STARS} stars"
    assert survey.fits().done.all()
    assert told == [0, BATCH, 2 * BATCH]


def test_pixels_end_in_one_file_that_readers_share(whole, spectra, model):
    fits = whole.fits()
    assert isinstance(fits.zscore.base, np.memmap) or isinstance(fits.zscore, np.memmap)
    assert fits.zscore.shape == (N_STARS, 240)
    assert not list(whole.folder.glob("*-000000.npy"))
    before = fits.zscore.copy()
    _fit(whole, spectra, model)  # finds nothing to do
    np.testing.assert_array_equal(whole.fits().zscore, before)
    with pytest.raises(ValueError, match="read-only"):
        fits.zscore[0, 0] = 1.0


def test_a_join_that_was_interrupted_is_done_again(tmp_path, spectra, model, whole):
    survey = _survey(spectra, model, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stellar_gui.surveys.worker.join_pixels", lambda *_: None)
        _fit(survey, spectra, model)
    expected = whole.fits().zscore
    np.testing.assert_array_equal(survey.fits().zscore, expected)
    _fit(survey, spectra, model)
    np.testing.assert_array_equal(survey.fits().zscore, expected)
    assert len(list(survey.folder.glob("zscore*"))) == 1


def test_of_two_workers_that_join_at_once_both_succeed(tmp_path, spectra, model):
    survey = _survey(spectra, model, tmp_path)
    join = batches._join

    def beaten(path, files, n_stars):
        """Another worker joins first, and clears up."""
        join(path, files, n_stars)
        for file in files:
            file.unlink()
        join(path, files, n_stars)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "_join", beaten)
        _fit(survey, spectra, model)
    assert np.isfinite(survey.fits().zscore).any(axis=1).all()


def test_pixels_that_were_removed_are_said_to_be(tmp_path, spectra, model):
    survey = _survey(spectra, model, tmp_path)
    _fit(survey, spectra, model)
    (survey.folder / "difference.npy").unlink()
    with pytest.raises(ValueError, match=r"difference files .* are gone"):
        survey.fits().difference  # noqa: B018


def test_a_star_that_is_refused_spoils_no_other(tmp_path, spectra, model, whole):
    flux = spectra.flux.copy()
    flux[5] *= 4000.0
    ivar = spectra.ivar.copy()
    ivar[20] = 0.0
    spoilt = spectra.replace(flux=flux, ivar=ivar)
    survey = _survey(spoilt, model, tmp_path)
    _fit(survey, spoilt, model)
    fits = survey.fits()
    assert "normalised" in fits.why(5)
    assert fits.why(20) == "no good pixel"
    assert fits.failed[[5, 20]].all()
    assert not fits.converged[[5, 20]].any()
    assert fits.flags[20] & FitFlag.ALL_BAD
    others = np.delete(np.arange(N_STARS), [5, 20])
    np.testing.assert_allclose(
        fits.labels[others], whole.fits().labels[others], rtol=1e-5
    )


def test_a_damaged_batch_is_named_and_can_be_made_again(tmp_path, spectra, model):
    survey = _survey(spectra, model, tmp_path)
    _fit(survey, spectra, model)
    path = batch_file(survey.folder, BATCH)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"batch-000016.npz of .* is damaged"):
        survey.fits()
    (survey.folder / "zscore.npy").write_bytes(b"nothing")
    path.unlink()
    with pytest.raises(ValueError, match=r"zscore.npy of .* is damaged"):
        survey.fits().zscore  # noqa: B018
    shutil.rmtree(survey.folder)
    _fit(survey, spectra, model)
    assert survey.fits().done.all()


def _until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.mark.parametrize("stored", [False, True])
def test_a_process_of_its_own_makes_them(tmp_path, spectra, model, stored, whole):
    if stored:
        path = write_spectra(tmp_path / "stars.h5", spectra)
        spectra = read_spectra(path)
    survey = Survey(spectra, [4, 2, 30], model, root=tmp_path / "cache")
    assert survey.state == "new"
    survey.start()
    _until(lambda: survey.state in ("finished", "failed"))
    assert survey.error == ""
    assert survey.state == "finished"
    survey.start()  # nothing is left to do
    assert survey.state == "finished"
    fits = survey.fits()
    assert fits.ids.tolist() == spectra.ids[[4, 2, 30]].tolist()
    expected = whole.fits().labels[[4, 2, 30]]
    np.testing.assert_allclose(fits.labels, expected, rtol=1e-5)
    _until(lambda: not (survey.folder / "model.safetensors").exists())


def test_fits_of_two_sessions_stop_when_the_last_says_so(tmp_path, spectra, model):
    one, other = (_survey(spectra, model, tmp_path) for _ in range(2))
    job = Job(one.folder)
    for survey in (one, other):
        survey.start()
    assert one.state == other.state == "running"
    one.stop()
    assert one.is_awaited
    other.leave()
    assert not one.is_awaited
    _until(lambda: job.state != "running")
    assert job.state == "stopped" or other.n_done == N_STARS


def test_fits_that_are_looked_at_stay_in_the_cache(tmp_path, spectra, model):
    survey = _survey(spectra, model, tmp_path / "surveys")
    _fit(survey, spectra, model)
    survey.fits()
    assert prune(tmp_path, 0.0) == []
    assert survey.fits().zscore.shape == (N_STARS, 240)
    survey.leave()
    assert prune(tmp_path, 0.0) == [survey.folder]
    assert survey.state == "new"


def test_a_worker_prunes_the_cache_and_keeps_what_it_made(
    tmp_path, spectra, model, monkeypatch
):
    monkeypatch.setenv("STELLAR_GUI_CACHE_GB", "0")
    survey = _survey(spectra, model, tmp_path / "surveys")
    survey.start()
    old = tmp_path / "maps" / f"{1:032x}"
    old.mkdir(parents=True)
    (old / "maps.npz").write_bytes(bytes(10))
    _until(lambda: Job(survey.folder).state != "running")
    assert survey.error == ""
    assert survey.n_done == N_STARS
    assert not old.exists()


def test_spectra_that_changed_meanwhile_are_not_fitted(tmp_path, spectra, model):
    path = write_spectra(tmp_path / "stars.h5", spectra)
    survey = Survey(read_spectra(path), [0, 1], model, root=tmp_path / "cache")
    flux = spectra.flux + 0.01
    write_spectra(path, spectra.replace(flux=flux))
    survey.start()
    _until(lambda: survey.state == "failed")
    assert "the spectra changed since the fits were asked for" in survey.error


def test_held_out_stars_are_the_default_sample(spectra):
    assert list(samples(spectra)) == ["all stars"]
    marks = np.array(["train", "test", "validation"])[np.arange(N_STARS) % 3]
    marked = spectra.replace(star_data={"split": marks})
    assert default_sample(marked) == "held out"
    found = samples(marked)
    assert list(found) == ["held out", "validation", "training", "all stars"]
    assert (marks[found["held out"]] == "test").all()


def test_no_star_is_refused(spectra, model, tmp_path):
    with pytest.raises(ValueError, match="expected one star or more"):
        Survey(spectra, [], model, root=tmp_path)


def test_a_fingerprint_follows_the_order_of_the_stars(spectra):
    one = data_fingerprint(spectra, [0, 1])
    assert one == data_fingerprint(spectra[:2], [0, 1])
    assert one != data_fingerprint(spectra, [1, 0])
