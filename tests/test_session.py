"""What one session has loaded: fits of the moment, files of its own, work ahead."""

import dataclasses
import time

import numpy as np
import pytest

from stellar_gui import ahead
from stellar_gui.fitting import fit_labels
from stellar_gui.fitting.cache import FitCache
from stellar_gui.io import write_spectra
from stellar_gui.library import Library
from stellar_gui.models import save_model
from stellar_gui.session import Session

from .small_survey import small_cannon, small_survey


@pytest.fixture(scope="module")
def cannon():
    return small_cannon()


@pytest.fixture
def session(cannon):
    session = Session(small_survey(), {"Cannon": cannon})
    yield session
    session.close()
    session.wait(10)


def altered(spectra, star, pixel, by):
    flux = np.array(spectra.flux)
    flux[star, pixel] += by
    return spectra.replace(flux=flux)


def test_a_displayed_fit_follows_one_changed_pixel(cannon):
    """Even with a cache that already knows the fit of the unchanged star."""
    fits, survey = FitCache(), small_survey()
    pixel = int(np.flatnonzero(survey.good[0])[50])
    changed = altered(survey, 0, pixel, 0.2)
    before = Session(survey, {"Cannon": cannon}, fits).fit("Cannon", "star-0000")
    after = Session(changed, {"Cannon": cannon}, fits).fit("Cannon", "star-0000")
    assert after.chi2[0] > before.chi2[0] + 10
    assert after.chi2[0] == pytest.approx(fit_labels(cannon, changed[0]).chi2[0])


def test_a_displayed_fit_follows_the_model():
    fits, survey = FitCache(), small_survey()
    quadratic, linear = small_cannon(2), small_cannon(1)
    first = Session(survey, {"Cannon": quadratic}, fits).fit("Cannon", "star-0001")
    second = Session(survey, {"Cannon": linear}, fits).fit("Cannon", "star-0001")
    assert first.chi2[0] != second.chi2[0]


def test_the_same_data_and_model_are_fitted_once(cannon):
    fits = FitCache()
    first = Session(small_survey(), {"Cannon": cannon}, fits).fit("Cannon", "star-0003")
    again = Session(small_survey(), {"A": cannon}, fits).fit("A", "star-0003")
    assert again is first


def test_a_star_that_no_model_covers_gets_a_sentence(cannon):
    far = small_survey(3).replace(wavelength=small_survey(3).wavelength + 3000)
    session = Session(far, {"Cannon": cannon})
    assert session.fit("Cannon", "star-0000") is None
    assert "covers" in session.missing("Cannon", "star-0000")


def test_air_against_vacuum_gets_a_sentence(cannon):
    session = Session(small_survey(3, medium="vacuum"), {"Cannon": cannon})
    assert session.fit("Cannon", "star-0000") is None
    assert "vacuum wavelengths" in session.missing("Cannon", "star-0000")


def test_neighbours_are_ready_before_they_are_asked_for(session):
    session.prefetch("star-0010")
    session.wait(30)
    assert session.n_summaries == len(session.ids)
    near = session.summary("Cannon", "star-0011")
    assert near.chi2 == pytest.approx(
        session.fit("Cannon", "star-0011").reduced_chi2[0]
    )


def test_a_first_page_makes_its_own_fits(library, monkeypatch):
    """Until then nothing is done ahead, which would slow it down; but not for ever."""
    monkeypatch.setattr(ahead, "_PAGE_SECONDS", 30.0)
    session = Session(library=library)
    session.prefetch("star-0002")
    time.sleep(3 * ahead._QUIET_SECONDS)
    assert not session.loaded
    session.settle("star-0002")
    session.wait(60)
    assert session.n_summaries == len(session.ids)

    monkeypatch.setattr(ahead, "_PAGE_SECONDS", 0.1)
    unseen = Session(library=library)
    unseen.prefetch("star-0002")
    unseen.wait(60)
    assert unseen.n_summaries == len(unseen.ids)


def test_the_background_fits_as_the_foreground_does(session, cannon):
    session.prefetch("star-0000")
    session.wait(30)
    alone = fit_labels(cannon, session.star("star-0042"))
    ahead = session.fit("Cannon", "star-0042")
    assert ahead.labels == pytest.approx(alone.labels, rel=1e-5)
    assert ahead.chi2 == pytest.approx(alone.chi2, rel=1e-5)


def test_sessions_keep_their_files_to_themselves(cannon, tmp_path):
    survey, fits = small_survey(), FitCache()
    one = Session(survey, {"Cannon": cannon}, fits)
    other = Session(survey, {"Cannon": cannon}, fits)
    path = tmp_path / "mine.h5"
    write_spectra(path, small_survey(2, seed=5, prefix="mine"))
    ids, _ = one.open_file(path)
    assert ids == ["mine-0000", "mine-0001"]
    assert set(ids).isdisjoint(other.ids)


def test_an_id_that_is_taken_gets_a_number(session):
    assert session.add_spectra(small_survey(1)) == ["star-0000 (2)"]
    assert session.star("star-0000 (2)").n_pixels == 240


def test_a_model_file_becomes_a_named_model(session, cannon, tmp_path):
    save_model(cannon, tmp_path / "again.safetensors")
    ids, notes = session.open_file(tmp_path / "again.safetensors")
    assert ids == []
    assert notes == ["loaded the model Cannon 2"]
    assert session.fit("Cannon 2", "star-0000").chi2 == pytest.approx(
        session.fit("Cannon", "star-0000").chi2
    )


def test_a_bad_file_changes_nothing(session, tmp_path):
    path = tmp_path / "bad.fits"
    path.write_bytes(b"SIMPLE  =" + b"\0" * 100)
    before = session.ids
    with pytest.raises(ValueError, match="bad"):
        session.open_file(path)
    assert session.ids == before


def test_stepping_stops_at_the_ends_and_follows_the_order(session):
    assert session.step("star-0000", -1) == "star-0000"
    session.order = ["star-0005", "star-0002"]
    assert session.step("star-0005", 1) == "star-0002"
    assert session.step("star-0002", 1) == "star-0002"
    assert session.step("star-0050", 1) == "star-0005"


def test_the_nearest_star_is_near(session):
    teff, logg = session.columns()["teff"], session.columns()["logg"]
    position = {"teff": teff[7] + 1, "logg": logg[7]}
    spans = {"teff": 1000.0, "logg": 2.0}
    assert session.nearest(position, spans) == "star-0007"
    session.order = ["star-0001", "star-0002"]
    assert session.nearest(position, spans) != "star-0007"


def test_a_place_far_from_every_star_has_no_nearest(session):
    far = {"teff": 9000.0, "logg": 3.0}
    assert session.nearest(far, {"teff": 1000.0, "logg": 2.0}) is None


def test_columns_span_sets_of_other_labels(session):
    cut = small_survey(2, seed=9, prefix="bare").with_labels(["teff"])
    session.add_spectra(cut)
    assert np.isnan(session.columns()["mg_h"][-2:]).all()
    assert np.isfinite(session.columns()["teff"]).all()


def test_a_session_without_spectra_has_empty_columns(cannon):
    session = Session(None, {"Cannon": cannon})
    for _ in range(2):
        assert session.columns()["snr"].shape == (0,)
    assert session.chi2("Cannon").shape == session.flagged.shape == (0,)
    assert session.nearest({"teff": 5000.0}, {"teff": 1.0}) is None


def test_neighbours_that_the_cache_forgot_are_made_ready_again(session, cannon):
    session.prefetch("star-0010")
    session.wait(30)
    session.fits.__init__()  # as if the fits of other stars had pushed all out
    session.prefetch("star-0010")
    session.wait(30)
    for star_id in ("star-0009", "star-0011"):
        key = session._key("Cannon", session.star(star_id))
        assert session.fits.get(key) is not None


def test_work_ahead_stays_within_what_the_cache_holds(cannon):
    small = FitCache(max_bytes=40 * 6_000)
    session = Session(small_survey(400), {"Cannon": cannon}, small)
    session.prefetch("star-0200")
    session.wait(30)
    assert session.summary("Cannon", "star-0201") is not None
    assert session.summary("Cannon", "star-0000") is None
    assert len(small) == session.n_summaries


@pytest.mark.parametrize(
    "error",
    [RuntimeError("singular"), OSError("disk is gone"), IndexError("unforeseen")],
)
def test_a_fit_that_fails_is_an_outcome(session, monkeypatch, error):
    def fail(model, spectra):
        raise error

    monkeypatch.setattr("stellar_gui.fitting.fit_labels", fail)
    assert session.fit("Cannon", "star-0005") is None
    assert f"the fit failed: {error}" in session.missing("Cannon", "star-0005")


def test_a_fault_in_the_background_leaves_it_working(session, monkeypatch):
    def fail(model, spectra):
        raise IndexError("unforeseen")

    monkeypatch.setattr("stellar_gui.fitting.fit_labels", fail)
    session.prefetch("star-0000")
    session.wait(30)
    assert session.n_summaries == len(session.ids)
    assert "unforeseen" in session.missing("Cannon", "star-0042")


@pytest.fixture
def library(cannon, tmp_path):
    write_spectra(tmp_path / "small.h5", small_survey(5))
    save_model(cannon, tmp_path / "cannon.safetensors")
    return Library([tmp_path / "small.h5", tmp_path / "cannon.safetensors"])


def test_what_a_library_has_is_known_before_it_is_loaded(library):
    session = Session(library=library)
    assert session.kinds == {"Cannon": "cannon"}
    assert not session.loaded
    assert session.awaited("star-0000") == ["Cannon"]
    assert session.fits_of("star-0000", session.kinds) == {}
    assert session.missing("Cannon", "star-0000") is None
    assert session.settle("star-0000") == "star-0000"
    assert list(session.fits_of("star-0000", session.kinds)) == ["Cannon"]
    assert session.awaited("star-0000") == []


def test_a_model_that_cannot_be_loaded_is_said(library):
    path = library.model_paths[0]
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    session = Session(library=library)
    with pytest.raises(ValueError, match="not a whole model file"):
        session.settle("star-0000")
    assert session.awaited("star-0000") == []
    assert "not a whole model file" in session.missing("Cannon", "star-0000")


def test_a_slow_fit_is_awaited_until_it_is_settled(cannon, monkeypatch):
    slow = small_cannon(1)
    monkeypatch.setattr("stellar_gui.session.is_slow", lambda model: model is slow)
    session = Session(small_survey(), {"Slow": slow, "Cannon": cannon})
    assert session.awaited("star-0003") == ["Slow"]
    assert list(session.fits_of("star-0003", session.kinds)) == ["Cannon"]
    session.settle("star-0003", wanted=lambda: False)
    assert session.awaited("star-0003") == ["Slow"]
    session.settle("star-0003")
    assert list(session.fits_of("star-0003", session.kinds)) == ["Slow", "Cannon"]


def test_reading_a_file_changes_nothing_until_it_is_added(session, tmp_path):
    write_spectra(tmp_path / "mine.h5", small_survey(2, seed=5, prefix="mine"))
    before = session.ids
    contents = session.read(tmp_path / "mine.h5")
    assert session.ids == before
    ids, _ = session.add(contents)
    assert session.ids == before + ids


def test_what_spoils_a_fit_is_said_when_a_file_is_read(session, tmp_path):
    spectra = small_survey(2, seed=5, prefix="blind")
    ivar = np.array(spectra.ivar)
    ivar[1] = 0
    write_spectra(tmp_path / "blind.h5", spectra.replace(ivar=ivar))
    (sentence,) = session.read(tmp_path / "blind.h5").warnings
    assert "star blind-0001 has no good pixel" in sentence


def test_all_that_a_file_leaves_open_is_said_in_one_sentence(session, tmp_path):
    lines = "".join(f"{5000 + i},1.0\n" for i in range(40))
    (tmp_path / "bare.csv").write_text("wavelength,flux\n" + lines)
    (sentence,) = session.read(tmp_path / "bare.csv").warnings
    for said in ("normalised", "in air", "S/N 100"):
        assert said in sentence


def test_flags_and_chi2_follow_the_fits_made(session):
    fit = session.fit("Cannon", "star-0007")
    chi2 = session.chi2("Cannon")
    assert chi2[7] == pytest.approx(fit.reduced_chi2[0])
    assert np.isnan(np.delete(chi2, 7)).all()
    assert session.flagged[7] == bool(fit.flags[0])
    assert not np.delete(session.flagged, 7).any()
    session.add_spectra(small_survey(2, seed=5, prefix="mine"))
    assert session.chi2("Cannon").shape == (len(session.ids),)


def test_the_cache_forgets_the_least_used_first(cannon):
    result = fit_labels(cannon, small_survey(1))
    from stellar_gui.fitting.cache import Outcome

    cache = FitCache(max_bytes=12_000)
    for key in "abcd":
        cache.put(key, Outcome(result, None))
        cache.get("a")
    assert cache.get("a") is not None
    assert cache.get("b") is None


def of_run(model, step):
    run = {"name": "cannon-001", "step": step}
    return dataclasses.replace(model, provenance={**model.provenance, "run": run})


def test_the_model_of_a_run_knows_it_and_a_later_one_takes_its_place(session, cannon):
    assert session.adopt(of_run(cannon, 3), "cannon-001") == "cannon-001"
    before = session.fit("cannon-001", "star-0000").chi2[0]
    assert session.adopt(of_run(small_cannon(1), 1500), "cannon-001") == "cannon-001"
    assert list(session.kinds) == ["Cannon", "cannon-001"]
    assert session.fit("cannon-001", "star-0000").chi2[0] != before
    assert session.origin("cannon-001") == (
        "cannon-001 is the model of the run cannon-001 at step 1,500"
    )
    assert session.origin("Cannon") is None


def test_a_run_named_like_a_model_does_not_take_its_place(session, cannon):
    assert session.adopt(of_run(small_cannon(1), 3), "Cannon") == "Cannon 2"
    assert session.models["Cannon"] is cannon


def test_models_of_runs_are_loaded_with_those_of_the_library(tmp_path, cannon):
    write_spectra(tmp_path / "small.h5", small_survey(5))
    save_model(cannon, tmp_path / "cannon.safetensors")
    save_model(of_run(small_cannon(1), 7), tmp_path / "model.safetensors")
    library = Library([tmp_path / "small.h5", tmp_path / "cannon.safetensors"])
    files = {"cannon-001": tmp_path / "model.safetensors"}
    session = Session(library=library, files=files)
    assert not session.loaded
    assert session.kinds == {"Cannon": "cannon", "cannon-001": "cannon"}
    assert session.awaited("star-0000") == ["Cannon", "cannon-001"]
    session.settle("star-0000")
    assert list(session.fits_of("star-0000", session.kinds)) == list(session.kinds)
    assert "at step 7" in session.origin("cannon-001")
    assert list(library.models) == ["Cannon"]
