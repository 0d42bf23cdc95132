"""Preflight: each thing that spoils a fit is said in a sentence before the fit."""

import dataclasses

import numpy as np
import pytest
import torch

from stellar_gui.analysis.preflight import bad_share, preflight
from stellar_gui.io import read_spectra
from stellar_gui.paths import sample_data
from stellar_gui.preprocess import normalise
from stellar_gui.spectra import Spectra

GRID = np.linspace(5000.0, 5050.0, 500)


@dataclasses.dataclass
class Flat:
    """A model whose flux is 1."""

    wavelength: torch.Tensor = dataclasses.field(
        default_factory=lambda: torch.tensor(GRID)
    )
    kind: str = "flat"
    label_names: tuple = ("teff",)
    medium: str = "air"
    resolution: float = 25_000.0

    def __call__(self, labels):
        return torch.ones(len(labels), len(self.wavelength))


@pytest.fixture
def spectra():
    flux = 1 + 0.01 * np.random.default_rng(2).normal(size=(4, 500))
    ivar = np.full((4, 500), 1e4)
    return Spectra(GRID, flux, ivar, medium="air", resolution=25_000.0)


def found(findings, kind):
    return {finding.topic: finding for finding in findings if finding.kind == kind}


def test_good_spectra_raise_no_word_of_warning(spectra):
    assert {finding.kind for finding in preflight(spectra, Flat())} == {"ok"}


def test_gravest_come_first(spectra):
    findings = preflight(spectra.replace(medium="vacuum", resolution=5e4), Flat())
    kinds = [finding.kind for finding in findings]
    assert kinds[:2] == ["bad", "warning"]
    assert set(kinds[2:]) == {"ok"}


def test_air_against_vacuum(spectra):
    bad = found(preflight(spectra.replace(medium="vacuum"), Flat()), "bad")
    assert bad["medium"].text == "vacuum, not air"
    assert "preprocess.to_medium()" in bad["medium"].sentence


def test_flux_that_says_it_is_not_normalised(spectra):
    bad = found(preflight(spectra.replace(normalised=False)), "bad")
    assert "preprocess.normalise()" in bad["normalisation"].sentence


def test_flux_that_only_claims_to_be_normalised(spectra):
    loud = spectra.replace(flux=spectra.flux * 700)
    bad = found(preflight(loud), "bad")
    assert "said to be normalised" in bad["normalisation"].sentence


def test_range_that_the_model_does_not_cover(spectra):
    far = spectra.replace(wavelength=GRID + 1000)
    bad = found(preflight(far, Flat()), "bad")
    assert (
        "6000.0 to 6050.0 Å, the model 5000.0 to 5050.0 Å" in bad["coverage"].sentence
    )


def test_part_of_the_models_range_is_said(spectra):
    warning = found(preflight(spectra.window(5000, 5020), Flat()), "warning")
    assert warning["coverage"].text == "40 % covered"


def test_another_grid_in_the_same_range(spectra):
    bad = found(preflight(spectra.replace(wavelength=GRID + 0.04), Flat()), "bad")
    assert "preprocess.match()" in bad["grid"].sentence


def test_star_without_good_pixels_is_named(spectra):
    ivar = np.array(spectra.ivar)
    ivar[2] = 0
    bad = found(preflight(spectra.replace(ivar=ivar)), "bad")
    assert bad["pixels"].sentence.startswith("star 2 has no good pixel")
    ivar[:] = 0
    bad = found(preflight(spectra.replace(ivar=ivar)), "bad")
    assert bad["pixels"].sentence.startswith("stars 0, 1, 2 and 1 more have no good")


def test_masked_share_counts_bad_pixels_and_not_gaps(spectra):
    ivar = np.array(spectra.ivar)
    ivar[:, 200:300] = 0  # a gap that all stars have
    ivar[0, 10:50] = 0
    share = bad_share(spectra.replace(ivar=ivar))
    np.testing.assert_allclose(share, [0.1, 0, 0, 0])
    warning = found(preflight(spectra.replace(ivar=ivar)[0]), "warning")
    assert "pixels" not in warning  # alone, a long stretch cannot be told from a gap
    ivar[0, 100:150:2] = 0
    warning = found(preflight(spectra.replace(ivar=ivar)[:1]), "warning")
    assert "look at the mask bits" in warning["pixels"].sentence


def test_other_resolution_is_said(spectra):
    warning = found(preflight(spectra.replace(resolution=5e4), Flat()), "warning")
    assert "preprocess.degrade()" in warning["resolution"].sentence
    warning = found(preflight(spectra.replace(resolution=5e3), Flat()), "warning")
    assert "cannot be put back" in warning["resolution"].sentence


def test_what_a_reader_assumed_is_said(tmp_path):
    rows = "\n".join(f"{w:.3f},1.0" for w in GRID)
    (tmp_path / "x.csv").write_text(f"wavelength,flux\n{rows}\n")
    findings = preflight(read_spectra(tmp_path / "x.csv"), Flat())
    sentences = " ".join(f.sentence for f in findings if f.topic == "assumed")
    assert "wavelengths in air" in sentences
    assert "S/N 100" in sentences


def test_real_star_needs_normalising_first():
    star = read_spectra(
        sample_data() / "apogee" / "apStar-dr17-2M19485057+5005279.fits"
    )
    assert "normalisation" in found(preflight(star), "bad")
    assert not found(preflight(normalise(star)), "bad")
    assert 0.005 < bad_share(star)[0] < 0.05
