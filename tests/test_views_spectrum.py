"""The spectrum view: what the user sees follows selection, session and pixels."""

import numpy as np
import pytest
from astropy.table import Table

from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.plots.style import TOKENS
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.spectra import Spectra
from stellar_gui.views.spectrum import SpectrumView
from tests.small_survey import small_cannon, small_survey

SURVEY = small_survey()
CANNON = small_cannon()
IDS = SURVEY.ids.tolist()


def view_of(spectra=SURVEY, models=None, **chosen):
    """A view, its selection and its session, of the first star."""
    session = Session(spectra, {"Cannon": CANNON} if models is None else models)
    selection = Selection(session.stars, tuple(session.models), star=session.ids[0])
    selection.choose(**chosen)
    return SpectrumView(selection, session), selection, session


@pytest.fixture(scope="module")
def shared():
    """One view for the tests that leave it as it was."""
    return view_of()


def rows(view, name="Cannon"):
    """The numbers beside the fit of a model, by symbol."""
    table = next(t for t in view.numbers.state["models"] if t["name"] == name)
    return {symbol: text for symbol, _, text, _ in table["rows"]}


def data(view):
    return view.figures.pixels.all.data


def test_one_altered_pixel_changes_the_chi2_that_is_shown():
    star = SURVEY[0]
    flux = star.flux.copy()
    pixel = int(np.flatnonzero(star.ivar[0] > 0)[10])
    flux[0, pixel] += 0.5
    altered = star.replace(flux=flux, ids=np.array(["altered"]))
    view, selection, session = view_of()
    before = rows(view)["χ²/ν"]
    session.add_spectra(altered)
    selection.star = "altered"
    assert float(rows(view)["χ²/ν"]) > float(before)
    drawn = data(view)["flux"] - data(view)["model_0"]
    assert np.nanmax(np.abs(drawn)) > 0.3


def test_what_is_drawn_is_the_fit_of_the_loaded_model(shared):
    view, selection, session = shared
    fit = session.fit("Cannon", selection.star)
    star = session.star(selection.star)
    pixels = view.figures.pieces.pixels
    inside = pixels >= 0
    np.testing.assert_allclose(
        data(view)["model_0"][inside],
        fit.model_flux[0][pixels[inside]].astype(np.float32),
    )
    z = residual_zscore(star.flux, star.ivar, fit.model_flux, fit.model_sigma)[0]
    np.testing.assert_allclose(
        data(view)["zscore_0"][inside], z[pixels[inside]], rtol=1e-5
    )


def test_a_star_change_reaches_figures_numbers_and_title():
    view, selection, _ = view_of()
    flux, numbers = data(view)["flux"], view.numbers.state
    selection.star = IDS[3]
    assert not np.array_equal(data(view)["flux"], flux, equal_nan=True)
    assert view.numbers.state != numbers
    assert view.title.state["title"] == IDS[3]
    assert IDS[3] in view.numbers.state["sentence"]


def test_good_pixels_are_counted(shared):
    view, selection, session = shared
    n_good = int((session.star(selection.star).ivar > 0).sum())
    assert view.numbers.state["good"].split()[0].replace("\u2009", "") == str(n_good)


def test_hidden_models_have_no_strip_no_numbers_and_no_fit():
    view, selection, _ = view_of()
    view.toggle_model(0)
    assert selection.models == ()
    assert view.numbers.state["models"] == []
    assert not view.figures.strips[0].figure.visible
    assert view.title.state["models"][0]["shown"] is False
    view.toggle_model(0)
    assert rows(view)["χ²/ν"] != "—"


def test_windows_step_through_the_survey_and_are_selected():
    view, selection, _ = view_of()
    views = view.figures.pieces.views
    seen = set()
    for _ in views:
        view.next_piece(1)
        seen.add(selection.window)
    assert len(seen) == len(views)
    view.next_piece(-1)
    assert selection.window in seen


def test_the_selected_window_is_drawn_and_kept_for_the_next_star():
    view, selection, _ = view_of()
    low, _ = view.figures.pieces.views[0]
    selection.window = (low + 1.0, low + 3.0)
    np.testing.assert_allclose(view.figures.window, (low + 1, low + 3))
    selection.star = IDS[1]
    np.testing.assert_allclose(view.figures.window, (low + 1, low + 3))


def test_a_window_without_data_falls_back_to_a_view():
    view, selection, _ = view_of()
    selection.window = (100.0, 200.0)
    low, high = view.figures.window
    assert any(
        low == pytest.approx(a) and high == pytest.approx(b)
        for a, b in view.figures.pieces.views
    )


def test_reset_shows_the_whole_piece():
    view, selection, _ = view_of()
    low, high = view.figures.pieces.views[0]
    selection.window = (low + 1.0, low + 2.0)
    view.reset()
    np.testing.assert_allclose(selection.window, (low, high), atol=0.006)


def test_where_a_drag_ends_is_selected_once():
    view, selection, _ = view_of()
    heard = []
    selection.param.watch(heard.append, "window")
    x_range = view.figures.x_range
    x_range.update(start=x_range.start + 0.5, end=x_range.end - 0.5)
    assert heard == []
    view.figures.pixels.settled.data = {"start": [x_range.start], "end": [x_range.end]}
    assert len(heard) == 1
    np.testing.assert_allclose(selection.window, view.figures.window, atol=0.006)


def test_a_picked_pixel_is_marked_and_let_go():
    view, selection, _ = view_of()
    low, _ = view.figures.window
    selection.pixel = float(low + 0.5)
    assert len(view.figures.pixels.picked.data["x"]) == 1
    selection.pixel = None
    assert view.figures.pixels.picked.data["x"] == []


def test_residuals_change_to_flux_and_back():
    view, _, _ = view_of()
    view.toggle_residual()
    assert view.title.state["difference"] is True
    assert view.figures.strips[0].figure.yaxis[0].axis_label == "Δ flux"
    view.toggle_residual()
    assert view.figures.pixels.scale.data["unit"] == [0.0]


def test_line_names_are_shown_and_hidden():
    view, _, _ = view_of(lines_survey(), {})
    names = view.figures.layout.select_one({"name": "line-names"}).data
    assert "Ca I" in names["text"]
    view.toggle_lines()
    names = view.figures.layout.select_one({"name": "line-names"}).data
    assert names["text"] == []


def lines_survey():
    """A star in one of the windows of the bundled line list, with a strong Ca I."""
    wavelength = np.arange(6430, 6458, 0.1)
    flux = 1 - 0.6 * np.exp(-0.5 * ((wavelength - 6439.07) / 0.15) ** 2)
    ivar = np.full((1, len(wavelength)), 1e4)
    return Spectra(wavelength, flux[np.newaxis], ivar, medium="air")


def test_a_star_that_no_model_covers_says_so_and_is_shown():
    view, selection, session = view_of()
    session.add_spectra(lines_survey().replace(ids=np.array(["elsewhere"])))
    selection.star = "elsewhere"
    reason = view.figures.layout.select_one({"name": "reason-0"}).data["text"][0]
    start = session.missing("Cannon", "elsewhere")[:30]
    assert reason.strip().startswith(start)
    assert rows(view)["fit"] == "—"
    assert np.isfinite(data(view)["flux"]).sum() == 280
    assert view.figures.axis.xaxis[0].axis_label == "wavelength / Å (air)"


def test_a_session_without_models_shows_the_star():
    view, _, _ = view_of(models={})
    assert np.isfinite(data(view)["flux"]).any()
    assert view.numbers.state["models"] == []


def test_a_session_without_stars_waits():
    session, selection = Session(None, {}), Selection()
    view = SpectrumView(selection, session)
    assert view.title.state["title"] == ""
    view.next_piece(1)
    view.toggle_lines()
    session.add_spectra(SURVEY)
    selection.star = IDS[0]
    assert np.isfinite(data(view)["flux"]).any()


def test_a_model_opened_later_gets_its_strip():
    view, selection, session = view_of()
    name = session.add_model(small_cannon(1))
    selection.add_model_name(name)
    assert [strip.figure.visible for strip in view.figures.strips] == [True, True]
    assert rows(view, name)["χ²/ν"] != "—"


def test_two_models_of_one_kind_are_told_apart_by_dashes():
    view, _, _ = view_of(models={"A": CANNON, "B": small_cannon(1)})
    dashes = [model.dash for model in view.figures.models]
    assert dashes == ["solid", "dashed"]


def test_the_theme_changes_in_place():
    view, _, _ = view_of()
    layout = view.figures.layout
    view.repaint("dark")
    assert view.figures.layout is layout
    fill = view.figures.fit.figure.background_fill_color
    assert fill == TOKENS["dark"].surface


def test_the_numbers_can_be_saved():
    view, selection, session = view_of()
    sent = []
    view.title.save = lambda filename, text: sent.append((filename, text))
    view._hear("numbers", None)
    (filename, text), *_ = sent
    assert filename == f"{selection.star}_spectrum.ecsv"
    table = Table.read(text.splitlines(), format="ascii.ecsv")
    star = session.star(selection.star)
    np.testing.assert_allclose(table["wavelength"], star.wavelength)
    assert table["wavelength"].unit == "Angstrom"
    assert {"flux", "sigma", "cannon_flux", "cannon_zscore"} <= set(table.colnames)
    assert np.isnan(table["sigma"][star.ivar[0] == 0]).all()
    assert table.meta["medium"] == star.medium


def test_sessions_do_not_share_what_is_shown():
    one, _, _ = view_of()
    _, selection, _ = view_of()
    before = data(one)["flux"].copy()
    selection.star = IDS[5]
    np.testing.assert_array_equal(data(one)["flux"], before)
