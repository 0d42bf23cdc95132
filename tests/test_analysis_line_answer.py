"""Answers on lines whose element is known: by hand, and on the sample's Payne."""

import dataclasses

import numpy as np
import pytest

from stellar_gui import load_model
from stellar_gui.analysis.line_answer import VERDICTS, answer, rank
from stellar_gui.analysis.nearby_lines import StarLines, star_lines
from stellar_gui.analysis.sensitivity import Sensitivity, sensitivity
from stellar_gui.synthesis.lines import bundled_lines

GRID = 6000.0 + 0.1 * np.arange(9)


def said(slopes, names=("teff", "fe_h", "ca_h", "mg_h"), spread=None) -> Sensitivity:
    """A model whose pixel 4 has these slopes; temperatures spread by 100 K."""
    jacobian = np.zeros((9, len(names)))
    jacobian[4] = slopes
    if spread is None:
        spread = [100.0 if name == "teff" else 0.5 for name in names]
    return Sensitivity(
        wavelength=GRID,
        medium="air",
        flux=np.full(9, 0.6),
        label_names=tuple(names),
        jacobian=jacobian,
        scatter=np.diag(np.square(spread)),
        nuisance_names=(),
        nuisance=np.zeros((9, 0)),
        nuisance_sigma=np.zeros(0),
        variance=np.zeros(9),
    )


def listed(*lines) -> StarLines:
    """Lines (wavelength, species, depth)."""
    at, species, depth = zip(*lines, strict=True)
    element = [name.split()[0] for name in species]
    chi = np.full(len(at), 2.5)
    parts = map(np.array, (at, species, element, chi, chi - 3, depth))
    return StarLines(*parts, medium="air")


CALCIUM = listed((6000.41, "Ca I", 0.6), (6000.40, "Fe I", 0.01))


def test_labels_rank_by_slope_times_spread():
    found = rank(said([2e-4, -0.1, -0.4, 0.0]), 4)
    assert found.label_names == ("ca_h", "fe_h", "teff", "mg_h")
    np.testing.assert_allclose(found.strength, [0.2, 0.05, 0.02, 0.0])
    np.testing.assert_allclose(found.share, [1, 0.25, 0.1, 0])
    assert (found.element, found.second, found.ratio) == ("Ca", "Fe", pytest.approx(4))


def test_given_spreads_overrule_those_of_the_training():
    found = rank(said([2e-4, -0.1, -0.4, 0.0]), 4, {"fe_h": 5.0})
    assert found.element == "Fe"


def test_without_a_known_spread_steps_of_plots_count():
    found = rank(said([1.5e-4, -0.2, -0.1, 0.0], spread=[np.nan] * 4), 4)
    assert found.label_names[:2] == ("fe_h", "teff")
    np.testing.assert_allclose(found.strength[:2], [0.02, 0.015])


def test_a_line_is_named_with_its_species_and_neighbours():
    found = answer(6000.4, {"Payne": said([2e-4, -0.05, -0.4, 0.0])}, CALCIUM)
    assert (found.element, found.species) == ("Ca", "Ca I")
    assert found.depth == pytest.approx(0.4)
    assert found.words == "clear, 8.0 : 1"
    assert [line.species for line in found.lines] == ["Ca I", "Fe I"]
    assert found.note == ""


@pytest.mark.parametrize(
    ("iron", "word"), [(-0.09, "clear"), (-0.2, "likely"), (-0.3, "ambiguous")]
)
def test_words_follow_the_ratio_of_the_first_two_elements(iron, word):
    found = answer(6000.4, {"Payne": said([9.0, iron, -0.4, 0.0])}, CALCIUM)
    assert found.verdict is VERDICTS[word]
    assert found.element == "Ca"


def test_two_listed_elements_in_one_pixel_are_a_blend():
    both = listed((6000.41, "Ca I", 0.4), (6000.38, "Fe I", 0.3))
    found = answer(6000.4, {"Payne": said([0.0, -0.2, -0.4, 0.0])}, both)
    assert found.verdict.word == "blend"
    assert found.species == "Ca I"
    sure = answer(6000.4, {"Payne": said([0.0, -0.05, -0.4, 0.0])}, both)
    assert sure.verdict.word == "clear"


def test_models_of_the_same_elements_may_dispute_and_one_of_fewer_may_not():
    payne = said([0.0, -0.1, -0.4, 0.0])
    other = said([0.0, -0.4, -0.1, 0.0])
    few = said([0.0, -0.4], names=("teff", "fe_h"))
    found = answer(6000.4, {"Payne": payne, "transfer": other}, CALCIUM)
    assert found.verdict.word == "disputed"
    found = answer(6000.4, {"Cannon": few, "Payne": payne}, CALCIUM)
    assert found.verdict.word == "clear"
    assert set(found.rankings) == {"Cannon", "Payne"}


def test_an_element_that_no_model_has_is_named_by_the_list():
    found = answer(
        6000.4, {"Payne": said([0, -0.4, 0, 0])}, listed((6000.4, "Nd II", 0.5))
    )
    assert (found.words, found.element, found.species) == ("no label", "Nd", "Nd II")


def test_where_nothing_moves_there_is_no_line():
    found = answer(6000.0, {"Payne": said([0.0, -0.4, 0.0, 0.0])}, CALCIUM)
    assert (found.words, found.element, found.species) == ("no line", None, "")


def test_beyond_the_list_the_models_answer_alone():
    found = answer(6000.4, {"Payne": said([0, -0.4, 0, 0])}, listed((5000, "Fe I", 1)))
    assert found.species == "Fe"
    assert found.lines == []
    assert "no line within 10 Å of 6000.4 Å" in found.note
    assert "no line list" in answer(6000.4, {"m": said([0, 1, 0, 0])}, None).note


def test_beyond_the_models_nothing_is_said():
    silent = said([np.nan, np.nan, np.nan, np.nan])
    for at, model in ((6000.4, silent), (7000.0, said([0, -0.4, 0, 0]))):
        found = answer(at, {"Payne": model}, CALCIUM)
        assert found.verdict.word == "not covered"
        assert np.isnan(found.depth)
        assert found.rankings == {}
        assert "no model has a pixel" in found.note


def test_a_model_without_elements_is_not_said_to_lack_the_pixel():
    bare = said([-0.1, -0.2], names=("teff", "logg"))
    found = answer(6000.4, {"Cannon": bare}, CALCIUM)
    assert (found.verdict.word, found.element) == ("not covered", None)
    assert "an element among its labels" in found.verdict.meaning
    assert found.rankings["Cannon"].label_names[0] == "teff"


def test_the_list_moves_with_the_star():
    """At 50 km/s a line at 6000.41 Å is seen one Angstrom further to the red."""
    model = said([0.0, -0.05, -0.4, 0.0])
    moved = dataclasses.replace(model, wavelength=GRID + 1.0)
    found = answer(6001.4, {"Payne": moved}, CALCIUM, resolution=25000.0, rv=49.6)
    assert found.species == "Ca I"
    assert answer(6001.4, {"Payne": moved}, CALCIUM, resolution=25000.0).lines == []


@pytest.mark.parametrize(
    ("wavelength", "species"),
    [(6439.08, "Ca I"), (6696.02, "Al I"), (5688.21, "Na I"), (5853.67, "Ba II")],
)
def test_well_known_lines_are_named_by_the_samples_payne(
    sample_payne, wavelength, species
):
    model = load_model(sample_payne)
    labels = dict.fromkeys(model.label_names, 0.0)
    labels |= {"teff": 4800.0, "logg": 2.5, "vmicro": 1.4, "vbroad": 5.0}
    found = sensitivity(model, [*labels.values()])
    lines = star_lines(bundled_lines(), labels, "air")
    named = answer(wavelength, {"Payne": found}, lines, resolution=25000.0)
    assert named.species == species
    assert named.verdict.word in {"clear", "likely"}
