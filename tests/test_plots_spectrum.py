"""The figures of a star: built once, then updated in place."""

import numpy as np
import pytest
from bokeh.document import Document

from stellar_gui.plots.line_names import Lines
from stellar_gui.plots.overview import envelope
from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.residuals import difference_unit, histogram
from stellar_gui.plots.spectrum import Drawn, SpectrumFigures, StarArrays
from stellar_gui.plots.style import TOKENS, Painter

WAVELENGTH = np.concatenate(
    [np.arange(low, high, 0.1) for low, high in ((5000, 5020), (6000, 6030))]
)
N = len(WAVELENGTH)
LINES = Lines(
    np.array([6005.0, 6010.0, 6011.5]), np.array(["Fe I", "Ca I", "Ti I"]), np.ones(3)
)


def star(seed=0, *, bad=(), depth=0.5, normalised=True, fits=2):
    rng = np.random.default_rng(seed)
    model = 1 - depth * np.exp(-0.5 * ((WAVELENGTH - 6010) / 0.3) ** 2)
    scale = 1.0 if normalised else 3e-15
    flux = scale * (model + 0.01 * rng.normal(size=N))
    ivar = np.full(N, (0.01 * scale) ** -2)
    ivar[list(bad)] = 0.0
    flux[list(bad)] = np.nan
    zscore = (flux - scale * model) * np.sqrt(ivar)
    zscore[list(bad)] = np.nan
    fitted = [(scale * model, zscore), None][:fits]
    fitted += [None] * (2 - len(fitted))
    return StarArrays(flux, ivar, normalised, fitted, [None, "the model is in air"])


@pytest.fixture
def painter():
    return Painter("light")


@pytest.fixture
def figures(painter):
    made = SpectrumFigures(painter, [Drawn("Cannon", "cannon"), Drawn("P", "payne")])
    made.set_grid(Pieces.of(WAVELENGTH), "air")
    made.set_star(star())
    made.set_window(6000, 6030)
    return made


def find(figures, name):
    return figures.layout.select_one({"name": name})


def test_all_pixels_are_sent_as_32_bit_with_true_wavelengths(figures):
    data = figures.pixels.all.data
    assert {data[name].dtype for name in ("flux", "sigma", "model_0", "zscore_0")} == {
        np.dtype("float32")
    }
    finite = np.isfinite(data["wavelength"])
    np.testing.assert_array_equal(data["wavelength"][finite], WAVELENGTH)
    assert np.isnan(data["flux"][~finite]).all()


def test_another_star_changes_flux_and_nothing_of_the_grid(figures):
    before = dict(figures.pixels.all.data)
    figures.set_star(star(1))
    after = figures.pixels.all.data
    assert after["x"] is before["x"]
    assert not np.array_equal(after["flux"], before["flux"], equal_nan=True)


def test_another_star_adds_no_models_to_the_page(figures):
    """New Bokeh models would make a star change many times slower."""
    document = Document()
    document.add_root(figures.layout)
    models = {model.id for model in document.models}
    searches = []
    search = document.models.recompute
    document.models.recompute = lambda: (searches.append(1), search())[1]
    figures.set_star(star(1, bad=range(100, 110), depth=0.8))
    figures.set_window(5000, 5020)
    figures.set_names(LINES)
    figures.pick(5010.0, "Fe I")
    figures.show_difference(True)
    assert searches == []
    assert {model.id for model in document.models} == models


def test_bad_pixels_are_shaded_and_longer_runs_hatched(figures):
    figures.set_star(star(bad=[5, 300, 301, 302, 303]))
    single, runs = find(figures, "masked").data, find(figures, "masked-runs").data
    middle = (single["left"][0] + single["right"][0]) / 2
    assert figures.pieces.to_wavelength(middle) == pytest.approx(WAVELENGTH[5])
    assert runs["right"][0] - runs["left"][0] == pytest.approx(0.4, abs=1e-6)
    assert len(single["left"]) == len(runs["left"]) == 1


def test_junk_in_bad_pixels_is_not_drawn(figures):
    arrays = star(bad=[7])
    arrays.flux[7] = 50.0
    figures.set_star(arrays)
    assert np.isnan(figures.pixels.all.data["flux"][7])
    assert np.nanmax(find(figures, "overview-flux").data["flux"]) < 1.2


def test_loud_pixels_get_a_triangle_in_the_overview(figures):
    arrays = star()
    arrays.fits[0][1][400] = -9.0
    figures.set_star(arrays)
    found = figures.pieces.to_wavelength(find(figures, "loud-0").data["x"])
    assert np.abs(found - WAVELENGTH[400]).min() < 0.3
    assert len(find(figures, "loud-1").data["x"]) == 0


def test_a_model_without_a_fit_says_why_in_its_strip(figures):
    texts = find(figures, "reason-1").data["text"]
    assert texts == [" the model is in air "]
    assert np.isnan(figures.pixels.all.data["model_1"]).all()
    assert find(figures, "density-1").data["density"].sum() == 0


def test_a_star_without_any_fit_is_shown(figures):
    figures.set_star(star(fits=0))
    assert np.isfinite(figures.pixels.all.data["flux"]).sum() == N


def test_a_window_without_data_is_refused_and_changes_nothing(figures):
    before = figures.window
    assert not figures.set_window(7000, 7100)
    assert figures.window == before


def test_the_flux_axis_shows_the_deepest_line_and_the_continuum(figures):
    for depth in (0.2, 0.9):
        figures.set_star(star(depth=depth))
        y_range = figures.fit.y_range
        assert y_range.start < 1 - depth
        assert y_range.end > 1.04


def test_the_flux_axis_keeps_still_between_like_stars(figures):
    before = (figures.fit.y_range.start, figures.fit.y_range.end)
    figures.set_star(star(3))
    assert (figures.fit.y_range.start, figures.fit.y_range.end) == before


def test_one_wild_pixel_does_not_set_the_flux_axis(figures):
    before = figures.fit.y_range.start
    arrays = star()
    arrays.flux[350] = -4.0
    figures.set_star(arrays)
    assert figures.fit.y_range.start == before


def test_flux_that_is_not_normalised_is_drawn_at_its_own_level(figures):
    figures.set_star(star(normalised=False, fits=0))
    assert 2e-15 < figures.fit.y_range.end < 6e-15
    assert figures.fit.figure.yaxis[0].axis_label == "flux"


def test_names_stand_at_least_their_distance_apart_within_the_plot(figures):
    figures.set_names(LINES)
    names = find(figures, "line-names").data
    assert names["text"] == ["Ca I"]  # the star shows no other line
    x = figures.pieces.to_plot([6010.0])[0]
    assert names["x"][0] == pytest.approx(x)


def test_names_follow_the_velocity_of_the_star(figures):
    figures.set_names(LINES, shift=1 + 1e-5)
    x = figures.pieces.to_plot([6010.0 * (1 + 1e-5)])[0]
    assert find(figures, "line-names").data["x"][0] == pytest.approx(x)


def test_without_a_list_the_names_leave_their_room_to_the_spectrum(figures):
    figures.set_names(LINES)
    crowded = figures.fit.y_range.end
    figures.set_names(None)
    assert find(figures, "line-names").data["text"] == []
    assert figures.fit.y_range.end < crowded


def test_a_narrow_overview_writes_fewer_wavelengths(figures):
    axis, whole = figures.overview.figure.xaxis[0], figures.pieces.overview_ticks()
    assert len(axis.ticker.ticks) == len(whole)
    figures.overview.figure.x_range.end *= 12  # as if drawn in a twelfth of the width
    figures.overview.thin_ticks()
    assert 1 < len(axis.ticker.ticks) < len(whole)


def test_a_hidden_model_takes_its_strip_along(figures):
    above, below = figures.side_margins
    figures.show_model(1, False)
    assert not find(figures, "residuals-1").visible
    assert not find(figures, "histogram-1").visible
    assert figures.side_margins == (above, below - 74)


def test_flux_differences_are_written_on_the_axis(figures):
    figures.show_difference(True)
    axis = figures.strips[0].figure.yaxis[0]
    assert axis.axis_label == "Δ flux"
    assert axis.major_label_overrides[3.0] == "0.05"
    assert figures.pixels.scale.data["unit"] == [0.05]
    figures.show_difference(False)
    assert axis.major_label_overrides[3.0] == "3"


def test_a_picked_pixel_is_marked_in_all_figures(figures):
    figures.pick(6010.0, "Ca I")
    assert figures.pixels.picked.data["x"] == pytest.approx(
        figures.pieces.to_plot([6010.0])
    )
    figures.pick(5500.0, "in the gap")
    assert figures.pixels.picked.data["x"] == []


def test_stacked_plots_share_their_borders(figures):
    stacked = [*figures.linked, figures.axis]
    assert len({fig.min_border_left for fig in stacked}) == 1
    assert len({fig.min_border_right for fig in stacked}) == 1
    overview = figures.overview.figure
    assert overview.min_border_left == figures.axis.min_border_left


def test_retired_figures_leave_their_names_to_others(figures):
    assert find(figures, "pixels") is figures.pixels.all
    figures.retire()
    assert {model.name for model in figures.layout.references()} == {None}


def test_repaint_reaches_every_figure(figures, painter):
    painter.repaint("dark")
    surface = TOKENS["dark"].surface
    drawn = [*figures.linked, figures.overview.figure, figures.axis]
    drawn += [strip.side for strip in figures.strips]
    assert {fig.background_fill_color for fig in drawn} == {surface}
    assert find(figures, "model-0").glyph.line_color == TOKENS["dark"].cannon


def test_envelope_keeps_the_core_of_a_narrow_line():
    flux = np.ones(100)
    flux[57] = 0.1
    low = envelope(flux, np.arange(0, 101, 10))[::2]
    assert low[5] == 0.1


def test_envelope_of_nothing_is_nothing():
    assert np.isnan(envelope(np.full(4, np.nan), np.array([0, 2, 4]))).all()


def test_histogram_of_normal_scores_is_the_normal_density():
    z = np.random.default_rng(1).normal(size=200_000)
    density = histogram(z)
    assert density.max() == pytest.approx(0.3989, abs=0.01)
    assert np.sum(density * 0.4) == pytest.approx(1.0, abs=1e-3)


def test_pixels_beyond_the_strip_are_missed_in_the_histogram():
    assert np.sum(histogram(np.r_[np.zeros(9), 40.0]) * 0.4) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("sigma", "unit"), [(0.01, 0.05), (0.003, 0.01), (0.2, 1.0), (np.inf, 0.1)]
)
def test_difference_unit_is_round(sigma, unit):
    assert difference_unit(np.full(5, sigma)) == pytest.approx(unit)
