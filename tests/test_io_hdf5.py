"""Survey files: read lazily, written whole or not at all, packed to stated errors."""

import pickle
import tracemalloc

import h5py
import numpy as np
import pytest

from stellar_gui.io import hdf5, read_spectra, write_spectra
from stellar_gui.io.stored import StoredRows
from stellar_gui.spectra import Spectra

N_STARS, N_PIXELS = 20, 50


@pytest.fixture
def spectra():
    rng = np.random.default_rng(3)
    profile = np.linspace(0.8, 1.2, N_PIXELS)
    snr = rng.uniform(50, 200, N_STARS)
    ivar = (profile * snr[:, None]) ** 2 * (rng.random((N_STARS, N_PIXELS)) > 0.1)
    flux = 1 - 0.5 * rng.random((N_STARS, N_PIXELS))
    flux[0, 3], ivar[0, 3] = np.nan, 0
    flux[1, 4], ivar[1, 4] = 1e5, 0
    return Spectra(
        np.linspace(5000, 5010, N_PIXELS),
        flux,
        ivar,
        ids=[f"Stern-α{row}" for row in range(N_STARS)],
        labels=rng.normal(size=(N_STARS, 2)),
        label_names=("teff", "mg_h"),
        labels_sigma=np.full((N_STARS, 2), 0.1),
        medium="air",
        resolution=25000.0,
        star_data={
            "split": np.array(["train", "test"] * (N_STARS // 2)),
            "rv": rng.normal(size=N_STARS),
            "changes": rng.normal(size=(N_STARS, 3)),
        },
        metadata={"seed": 7, "note": "müde", "list": [1, 2]},
    )


def test_survey_comes_back_as_it_was(tmp_path, spectra):
    read = read_spectra(write_spectra(tmp_path / "survey.h5", spectra))
    np.testing.assert_array_equal(read.wavelength, spectra.wavelength)
    np.testing.assert_array_equal(np.asarray(read.flux), spectra.flux)
    np.testing.assert_array_equal(np.asarray(read.ivar), spectra.ivar)
    np.testing.assert_array_equal(read.ids, spectra.ids)
    np.testing.assert_array_equal(read.labels, spectra.labels)
    np.testing.assert_array_equal(read.labels_sigma, spectra.labels_sigma)
    assert read.label_names == spectra.label_names
    assert read.label_units == ("K", "dex")
    assert (read.medium, read.resolution, read.normalised) == ("air", 25000.0, True)
    assert read.metadata == spectra.metadata
    for name, column in spectra.star_data.items():
        np.testing.assert_array_equal(read.star_data[name], column)


def test_what_is_absent_stays_absent(tmp_path):
    bare = Spectra([5000.0, 5001.0], [[800.0, 900.0]], [[1.0, 0.0]], normalised=False)
    read = read_spectra(write_spectra(tmp_path / "bare.h5", bare))
    assert read.labels is None
    assert read.resolution is None
    assert not read.normalised
    assert read.star_data == {}


@pytest.mark.parametrize(
    "rows", [3, slice(2, 9, 3), [7, 1, 4], [-1], [], np.arange(N_STARS) % 2 == 0]
)
def test_stored_rows_equal_rows_in_memory(tmp_path, spectra, rows):
    read = read_spectra(write_spectra(tmp_path / "survey.h5", spectra))[rows]
    expected = spectra[rows]
    np.testing.assert_array_equal(read.flux, expected.flux)
    np.testing.assert_array_equal(read.ivar, expected.ivar)
    np.testing.assert_array_equal(read.ids, expected.ids)


def test_large_survey_opens_without_being_read(tmp_path, monkeypatch):
    """100,000 stars, 3.4 GB of flux, that nobody reads until a star is asked for."""
    n_stars, n_pixels = 100_000, 8575
    with h5py.File(tmp_path / "large.h5", "w", libver="latest") as file:
        file["wavelength"] = np.linspace(15100, 17000, n_pixels)
        file["ids"] = np.char.mod("%d", np.arange(n_stars)).astype("S6")
        for name in ("flux", "ivar"):
            file.create_dataset(
                name, (n_stars, n_pixels), np.float32, chunks=(1, n_pixels)
            )
        file["flux"][77_777] = 0.5
        file["ivar"][77_777] = 4.0
    reads = []
    read_rows = StoredRows.read_rows
    monkeypatch.setattr(
        StoredRows,
        "read_rows",
        lambda s, rows: reads.append(rows) or read_rows(s, rows),
    )
    tracemalloc.start()
    survey = read_spectra(tmp_path / "large.h5")
    assert len(survey) == n_stars
    assert not reads
    star = survey[survey.row("77777")]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.03 * n_stars * n_pixels * 4
    assert (star.flux == 0.5).all()
    assert (star.ivar == 4.0).all()


def test_packed_survey_keeps_its_stated_errors(tmp_path, spectra):
    profile = np.linspace(0.8, 1.2, N_PIXELS)
    path = write_spectra(
        tmp_path / "packed.h5", spectra, flux_step=1e-4, ivar_profile=profile
    )
    read = read_spectra(path)
    good = spectra.good
    np.testing.assert_array_equal(read.good, good)
    error = np.abs(np.asarray(read.flux) - spectra.flux)[good]
    with h5py.File(path) as file:
        assert file["flux"].dtype == np.int16
        assert file["flux"].attrs["max_error"] == 5e-5
        stated = file["ivar"].attrs["max_relative_error"]
    assert error.max() <= 5e-5 + 1e-7
    np.testing.assert_allclose(
        np.asarray(read.ivar)[good], spectra.ivar[good], rtol=stated + 1e-6
    )
    assert stated < 1e-5
    assert np.isnan(read[0].flux[0, 3])  # beyond 16 bits too
    np.testing.assert_array_equal(read[[5, 2]].ivar, np.asarray(read.ivar)[[5, 2]])


def test_flux_beyond_16_bits_is_refused(tmp_path, spectra):
    flux = np.array(spectra.flux)
    flux[2, np.flatnonzero(spectra.good[2])[0]] = 9.0
    with pytest.raises(ValueError, match=r"flux 9 does not fit into 16 bits.*larger"):
        write_spectra(tmp_path / "x.h5", spectra.replace(flux=flux), flux_step=1e-4)


def test_ivar_that_is_no_profile_is_refused(tmp_path, spectra):
    ivar = np.array(spectra.ivar)
    ivar[2, np.flatnonzero(spectra.good[2])[0]] *= 2
    with pytest.raises(ValueError, match=r"differs from \(profile \* snr\)\*\*2 by 50"):
        write_spectra(
            tmp_path / "x.h5",
            spectra.replace(ivar=ivar),
            ivar_profile=np.linspace(0.8, 1.2, N_PIXELS),
        )


def test_failed_write_leaves_the_old_file_and_no_litter(tmp_path, spectra):
    path = write_spectra(tmp_path / "survey.h5", spectra)
    before = path.read_bytes()

    def fail(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_spectra(path, spectra[:5], progress=fail)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_survey_is_written_star_by_star(tmp_path, spectra, monkeypatch):
    """Blocks smaller than the survey give the same file, also from a stored survey."""
    monkeypatch.setattr(hdf5, "_BLOCK", 7)
    calls = []
    path = write_spectra(
        tmp_path / "a.h5", spectra, progress=lambda *call: calls.append(call)
    )
    assert calls == [(7, 20), (14, 20), (20, 20)]
    again = write_spectra(tmp_path / "b.h5", read_spectra(path))
    np.testing.assert_array_equal(np.asarray(read_spectra(again).flux), spectra.flux)


def test_stored_survey_can_be_pickled(tmp_path, spectra):
    """Worker processes get the path and not the data."""
    survey = read_spectra(write_spectra(tmp_path / "survey.h5", spectra))
    sent = pickle.dumps(survey.flux)
    assert len(sent) < 1000
    back = pickle.loads(sent)
    np.testing.assert_array_equal(back.read_rows([4, 4]), spectra.flux[[4, 4]])


def test_file_that_changed_after_opening_is_not_mixed_up(tmp_path, spectra):
    path = write_spectra(tmp_path / "survey.h5", spectra)
    survey = read_spectra(path)
    write_spectra(path, spectra[:5])
    with pytest.raises(ValueError, match=r"survey\.h5 changed on disk.*Open it again"):
        survey[0]


def test_truncated_survey_is_named(tmp_path, spectra):
    path = write_spectra(tmp_path / "survey.h5", spectra)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"survey\.h5 cannot be read as HDF5, it is d"):
        read_spectra(path)


def test_damage_inside_is_named_when_its_star_is_read(tmp_path, spectra):
    path = write_spectra(tmp_path / "survey.h5", spectra)
    with h5py.File(path) as file:
        chunk = file["flux"].id.get_chunk_info(0)
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * chunk.size)
    with pytest.raises(
        ValueError, match=r"flux of survey\.h5 cannot be read, the file"
    ):
        read_spectra(path)[0]


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_impossible_ivar_is_named_whoever_reads_it(tmp_path, spectra, wrong):
    path = write_spectra(tmp_path / "survey.h5", spectra)
    with h5py.File(path, "a") as file:
        file["ivar"][3, 7] = wrong
    ivar = read_spectra(path).ivar
    assert (ivar.read_rows([0, 1]) >= 0).all()
    with pytest.raises(ValueError, match=r"ivar of survey\.h5 is negative or not fin"):
        ivar.read_rows([1, 3])


def test_metadata_of_numpy_comes_back_plain(tmp_path, spectra):
    given = spectra.replace(metadata={"seed": np.int64(7)})
    read = read_spectra(write_spectra(tmp_path / "survey.h5", given))
    assert read.metadata == {"seed": 7}


def test_metadata_that_is_not_plain_is_refused(tmp_path, spectra):
    given = spectra.replace(metadata={"source": tmp_path})
    with pytest.raises(ValueError, match=r"metadata cannot be stored \(.*with str\(\)"):
        write_spectra(tmp_path / "survey.h5", given)
    assert not list(tmp_path.iterdir())


def test_other_hdf5_is_named(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["image"] = np.ones(3)
    with pytest.raises(ValueError, match="without flux, ids, ivar, wavelength; it has"):
        read_spectra(tmp_path / "other.h5")


def test_newer_version_is_refused(tmp_path, spectra):
    path = write_spectra(tmp_path / "survey.h5", spectra)
    with h5py.File(path, "a") as file:
        file.attrs["version"] = hdf5.VERSION + 1
    with pytest.raises(ValueError, match=r"version 2 .* expected at most 1.*Update"):
        read_spectra(path)


def test_shapes_that_do_not_fit_are_refused(tmp_path, spectra):
    path = write_spectra(tmp_path / "survey.h5", spectra)
    with h5py.File(path, "a") as file:
        del file["ivar"]
        file["ivar"] = np.ones((N_STARS, N_PIXELS + 1))
    with pytest.raises(ValueError, match=r"ivar has shape \(20, 51\), expected \(2"):
        read_spectra(path)


def test_missing_folder_is_named(tmp_path, spectra):
    with pytest.raises(FileNotFoundError, match=r"the folder .*nowhere does not exist"):
        write_spectra(tmp_path / "nowhere" / "x.h5", spectra)
