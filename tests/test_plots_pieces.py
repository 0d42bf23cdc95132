"""The gap-cut axis for narrow windows, for APOGEE chips and for one whole piece."""

import numpy as np
import pytest

from stellar_gui.plots.pieces import CutTicks, Pieces, find_pieces

WINDOWS = ((4800, 4826), (5376, 5384), (6430, 6458))
CHIPS = ((322, 3242), (3648, 6048), (6412, 8306))


def narrow():
    return np.concatenate([np.arange(low, high, 0.1) for low, high in WINDOWS])


def apogee():
    """The un-gapped grid of 8575 pixels, and what any star covers of it."""
    wavelength = 10 ** (4.179 + 6e-6 * np.arange(8575))
    covered = np.zeros(8575, dtype=bool)
    for start, stop in CHIPS:
        covered[start:stop] = True
    return wavelength, covered


def test_narrow_windows_are_found_by_their_gaps():
    wavelength = narrow()
    spans = find_pieces(wavelength)
    starts = [wavelength[start] for start, _ in spans]
    np.testing.assert_allclose(starts, [low for low, _ in WINDOWS])
    assert sum(stop - start for start, stop in spans) == len(wavelength)


def test_chips_are_found_by_what_the_stars_cover():
    assert find_pieces(*apogee()) == list(CHIPS)


def test_a_bad_column_is_no_gap():
    wavelength, covered = apogee()
    covered[1000:1060] = False
    assert find_pieces(wavelength, covered) == list(CHIPS)


def test_a_star_without_a_good_pixel_keeps_its_grid():
    wavelength, _ = apogee()
    assert find_pieces(wavelength, np.zeros(8575, dtype=bool)) == [(0, 8575)]


def test_plotted_coordinates_come_back_as_wavelengths():
    pieces = Pieces.of(narrow())
    wavelength = narrow()
    back = pieces.to_wavelength(pieces.to_plot(wavelength))
    np.testing.assert_allclose(back, wavelength, rtol=0, atol=1e-9)


def test_nothing_is_plotted_in_a_gap_and_pieces_do_not_overlap():
    pieces = Pieces.of(narrow())
    assert np.isnan(pieces.to_plot([4900.0, 7000.0, 4000.0])).all()
    ends = pieces.start + pieces.high - pieces.low
    assert (pieces.start[1:] > ends[:-1]).all()


def test_lines_and_areas_end_with_their_piece():
    pieces = Pieces.of(narrow())
    flux = pieces.arrange(np.ones(len(narrow())))
    breaks = np.flatnonzero(np.isnan(flux))
    assert len(breaks) == 4
    np.testing.assert_allclose(np.diff(pieces.x)[breaks[::2] - 1], 0.1)
    np.testing.assert_allclose(np.diff(pieces.x)[breaks[1::2]], 0.1)
    assert (np.diff(pieces.x) > 0).all()


def test_pieces_of_one_pixel_are_plotted():
    pieces = Pieces.of(np.array([5000.0, 5001, 5002, 6000, 7000, 7001, 7002]))
    assert len(pieces) == 3
    assert np.isfinite(pieces.x).all()


def test_pixels_outside_the_pieces_are_not_drawn():
    pieces = Pieces.of(*apogee())
    assert (pieces.pixels >= 0).sum() == 7214
    values = np.arange(8575.0)
    drawn = pieces.arrange(values)
    np.testing.assert_array_equal(
        drawn[np.isfinite(drawn)], np.concatenate([values[a:b] for a, b in CHIPS])
    )


def test_a_gutter_belongs_to_the_nearest_edge():
    pieces = Pieces.of(narrow())
    end = pieces.start[0] + pieces.high[0] - pieces.low[0]
    assert pieces.to_wavelength(end + 0.01) == pytest.approx(pieces.high[0])
    assert pieces.to_wavelength(pieces.start[1] - 0.01) == pytest.approx(pieces.low[1])


def test_a_window_is_cut_to_the_data():
    pieces = Pieces.of(narrow())
    start, end = pieces.to_window(5300, 5380)
    assert start == pytest.approx(pieces.start[1])
    assert pieces.to_wavelength(end) == pytest.approx(5380)
    assert pieces.to_window(5000, 5100) is None
    assert pieces.to_window(4810, 4805) is None


def test_a_window_may_span_pieces():
    pieces = Pieces.of(narrow())
    start, end = pieces.to_window(4810, 6440)
    np.testing.assert_allclose(pieces.to_wavelength([start, end]), [4810, 6440])


def test_narrow_pieces_are_views_and_chips_are_looked_at_in_parts():
    assert len(Pieces.of(narrow()).views) == 3
    views = Pieces.of(*apogee()).views
    widths = [high - low for low, high in views]
    assert max(widths) <= 70
    assert min(widths) > 55
    assert len(views) == 24


def test_views_are_stepped_through_in_a_ring():
    pieces = Pieces.of(narrow())
    window = pieces.views[0]
    for expected in (1, 2, 0):
        window = pieces.next_view(window, 1)
        assert window == pieces.views[expected]
    assert pieces.next_view((6440.0, 6445.0), 0) == pieces.views[2]
    assert pieces.next_view(pieces.views[0], -1) == pieces.views[2]


def test_overview_ticks_are_true_wavelengths_of_the_data():
    for pieces in (Pieces.of(narrow()), Pieces.of(*apogee())):
        ticks = pieces.overview_ticks()
        assert np.isfinite(pieces.to_plot(ticks)).all()
        assert {pieces.piece_at(tick) for tick in ticks} == set(range(len(pieces)))
    assert (Pieces.of(*apogee()).overview_ticks() % 100 == 0).all()


def test_one_pixel_is_a_piece():
    pieces = Pieces.of(np.array([5000.0]))
    assert pieces.views == [(4999.5, 5000.5)]


def test_ticks_know_the_pieces():
    pieces, ticks = Pieces.of(narrow()), CutTicks()
    ticks.set_pieces(pieces)
    assert ticks.ticker.args["low"] == pieces.low.tolist()
    assert ticks.formatter.args == ticks.ticker.args
