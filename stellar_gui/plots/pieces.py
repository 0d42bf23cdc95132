"""The gap-cut axis: pieces of a wavelength grid side by side, with true wavelengths.

A plotted coordinate is the wavelength less the gaps removed before it, plus one narrow
gutter between pieces; lines never bridge a gutter. Works for eleven narrow windows and
for the three chips of APOGEE, whose gaps an apStar file fills with bad pixels.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from bokeh.models import (
    CustomJSTicker,
    CustomJSTickFormatter,
    LinearScale,
    Range1d,
)

from stellar_gui.paths import assets

_GAP_STEPS = 5.0  # a step this many times the median one is a gap
_GAP_PIXELS = 100  # a run of pixels that no star covers is a gap, not a bad column
_GUTTER = 0.011  # of the total length
_WIDEST_VIEW = 70.0  # Angstrom; wider pieces are looked at in several views


def find_pieces(wavelength, covered=None) -> list[tuple[int, int]]:
    """Return (start, stop) pixels of the pieces of a wavelength grid.

    wavelength (n_pixels,) Angstrom, increasing; covered (n_pixels,) bool: pixels that
    any star has good data in; long runs without are gaps too, and so are both ends.

    >>> find_pieces(np.array([5000, 5001, 5002, 6000, 6001.0]))
    [(0, 3), (3, 5)]
    """
    n_pixels = len(wavelength)
    if n_pixels < 3:
        return [(0, n_pixels)]
    step = np.diff(np.log(wavelength))
    is_break = step > _GAP_STEPS * np.median(step)
    pixels = np.arange(n_pixels)
    if covered is not None and np.any(covered):
        pixels = np.flatnonzero(covered)
    jump = np.diff(pixels)
    crossed = np.concatenate([[0], np.cumsum(is_break)])[pixels]
    ends = np.flatnonzero((jump > _GAP_PIXELS) | (np.diff(crossed) > 0))
    starts = [pixels[0], *pixels[ends + 1]]
    stops = [*pixels[ends] + 1, pixels[-1] + 1]
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Wavelengths of a grid on the gap-cut axis.

    low, high (n_pieces,) Angstrom, half a pixel beyond the outer ones; start
    (n_pieces,) plotted coordinate of ``low``; wavelength (n_plotted,) Angstrom in
    plotted order, with two NaN between pieces, one beside each edge; pixels
    (n_plotted,) index of each into the grid, -1 between pieces.
    """

    low: np.ndarray
    high: np.ndarray
    start: np.ndarray
    wavelength: np.ndarray
    pixels: np.ndarray

    @classmethod
    def of(cls, wavelength, covered=None) -> "Pieces":
        """The pieces of a wavelength grid; arguments as in `find_pieces`.

        >>> pieces = Pieces.of(np.r_[np.arange(5000, 5100.0), np.arange(6000, 6100.0)])
        >>> pieces.to_plot([5050.0, 5500.0, 6000.0]).round(1).tolist()
        [50.5, nan, 102.7]
        """
        wavelength = np.asarray(wavelength, dtype=float)
        spans = find_pieces(wavelength, covered)
        edges = _pixel_edges(wavelength, spans)
        low, high = edges[:, 0], edges[:, 1]
        length = high - low
        gutter = _GUTTER * length.sum() if len(spans) > 1 else 0.0
        start = np.concatenate([[0.0], np.cumsum(length + gutter)[:-1]])
        pixels = np.concatenate([np.r_[-1, a:b, -1] for a, b in spans])[1:-1]
        plotted = np.append(wavelength, np.nan)[pixels]
        return cls(low, high, start, plotted, pixels)

    def __len__(self) -> int:
        return len(self.low)

    @property
    def end(self) -> float:
        """The largest plotted coordinate."""
        return float(self.start[-1] + self.high[-1] - self.low[-1])

    @cached_property
    def x(self) -> np.ndarray:
        """(n_plotted,) plotted coordinates, between pieces one pixel beyond the edge.

        So a filled area ends with its piece, like the steps of the lines.
        """
        x = self.to_plot(self.wavelength)
        gap = np.flatnonzero(self.pixels < 0)[::2]
        end = self.start[:-1] + self.high[:-1] - self.low[:-1]
        x[gap] = 2 * end - x[gap - 1]
        x[gap + 1] = 2 * self.start[1:] - x[gap + 2]
        return x

    def arrange(self, values) -> np.ndarray:
        """Put (n_pixels,) values in plotted order, (n_plotted,) float32."""
        values = np.asarray(values, dtype=np.float32)
        return np.append(values, np.float32("nan"))[self.pixels]

    def to_plot(self, wavelength) -> np.ndarray:
        """Plotted coordinates of wavelengths in Angstrom, NaN in the gaps."""
        wavelength = np.asarray(wavelength, dtype=float)
        piece = np.clip(np.searchsorted(self.low, wavelength, "right") - 1, 0, None)
        inside = (wavelength >= self.low[piece]) & (wavelength <= self.high[piece])
        x = wavelength - self.low[piece] + self.start[piece]
        return np.where(inside, x, np.nan)

    def to_wavelength(self, x) -> np.ndarray:
        """Wavelengths of plotted coordinates; a gutter belongs to the nearest edge."""
        x = np.asarray(x, dtype=float)
        last = self.start + self.high - self.low
        middle = (last[:-1] + self.start[1:]) / 2
        piece = np.searchsorted(middle, x)
        wavelength = x - self.start[piece] + self.low[piece]
        return np.clip(wavelength, self.low[piece], self.high[piece])

    def to_window(self, low: float, high: float) -> tuple[float, float] | None:
        """Plotted range of a window in Angstrom, cut to the data; None if outside."""
        touched = np.flatnonzero((self.high > low) & (self.low < high))
        if not touched.size or not high > low:
            return None
        first, last = touched[0], touched[-1]
        bounds = np.array([max(low, self.low[first]), min(high, self.high[last])])
        x = bounds - self.low[[first, last]] + self.start[[first, last]]
        return float(x[0]), float(x[1])

    def piece_at(self, wavelength: float) -> int:
        """Index of the piece nearest to a wavelength in Angstrom."""
        distance = np.maximum(self.low - wavelength, wavelength - self.high)
        return int(np.argmin(distance))

    @cached_property
    def views(self) -> list[tuple[float, float]]:
        """Windows in Angstrom to step through: a piece, or equal parts of a wide one.

        >>> len(Pieces.of(np.arange(15000, 15100, 0.2)).views)
        2
        """
        views = []
        for low, high in zip(self.low, self.high, strict=True):
            n_views = int(np.ceil((high - low) / _WIDEST_VIEW))
            edges = np.linspace(low, high, n_views + 1)
            views += [
                (float(a), float(b)) for a, b in np.stack([edges[:-1], edges[1:]], 1)
            ]
        return views

    def next_view(self, window: tuple[float, float], step: int) -> tuple[float, float]:
        """The view ``step`` places after the one that a window lies in, in a ring."""
        middle = np.mean(window)
        distance = [max(low - middle, middle - high) for low, high in self.views]
        return self.views[(int(np.argmin(distance)) + step) % len(self.views)]

    def overview_ticks(self, n_ticks: int = 9) -> np.ndarray:
        """Wavelengths to write under the overview, (n,) Angstrom.

        Round numbers in wide pieces, the middle of a narrow one.
        """
        step = _round_step((self.high - self.low).sum() / n_ticks)
        ticks = []
        for low, high in zip(self.low, self.high, strict=True):
            inside = np.arange(np.ceil(low / step) * step, high, step)
            margin = 0.08 * step
            inside = inside[(inside > low + margin) & (inside < high - margin)]
            ticks += inside.tolist() or [float(np.round((low + high) / 2))]
        return np.array(ticks)


def _pixel_edges(wavelength, spans):
    edges = []
    for start, stop in spans:
        piece = wavelength[start:stop]
        half = np.diff(piece)[[0, -1]] / 2 if len(piece) > 1 else np.array([0.5, 0.5])
        edges.append((piece[0] - half[0], piece[-1] + half[1]))
    return np.array(edges)


def _round_step(raw):
    """The smallest of 1, 2, 5 times a power of ten that is at least ``raw``."""
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999))


class CutTicks:
    """Ticks at round true wavelengths for the axes of a gap-cut plot.

    They follow pan and zoom in the browser, without asking the server.
    """

    def __init__(self):
        code = (assets() / "js" / "cut_ticks.js").read_text()
        self.ticker = CustomJSTicker(
            major_code=f"{code}\nreturn major_ticks()",
            minor_code=f"{code}\nreturn minor_ticks()",
        )
        self.formatter = CustomJSTickFormatter(code=f"{code}\nreturn written(tick)")
        self.set_pieces(Pieces.of(np.array([0.5, 1.5])))

    def set_pieces(self, pieces: Pieces) -> None:
        """Make the ticks those of other pieces."""
        args = {
            "low": pieces.low.tolist(),
            "high": pieces.high.tolist(),
            "start": pieces.start.tolist(),
        }
        self.ticker.args = args
        self.formatter.args = args

    def attach(self, axis, *, labelled: bool) -> None:
        """Give the ticks to a Bokeh axis."""
        axis.ticker = self.ticker
        if labelled:
            axis.formatter = self.formatter
        else:
            axis.major_label_text_font_size = "0px"
            axis.major_label_standoff = 0


def draw_grounds(fig, painter, source) -> None:
    """Tint a figure where ``source`` has pieces, from ``left`` to ``right``."""
    fig.extra_y_ranges = {**fig.extra_y_ranges, "share": Range1d(0, 1)}
    fig.extra_y_scales = {**fig.extra_y_scales, "share": LinearScale()}
    grounds = fig.quad(
        "left",
        "right",
        source=source,
        bottom=0,
        top=1,
        y_range_name="share",
        line_color=None,
        level="underlay",
    )
    painter.glyph(grounds, fill_color="page")
