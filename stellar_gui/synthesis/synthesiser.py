"""The synthesiser: 25 stellar labels -> normalised spectrum, by LTE physics.

One-dimensional, plane-parallel, LTE, atoms only, no molecules' lines and no Balmer
lines: for learning the tools, not for publishing abundances. Differentiable in every
label. Structure from `atmosphere`, opacities from `opacity` and `line_opacity`, flux
from `transfer`, pixels from `instrument`.
"""

import math

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from stellar_gui.labels import SYNTHETIC_LABELS

from .atmosphere import LG_TAU, Atmosphere, atmosphere_from_labels, given_atmosphere
from .constants import LIGHT_SPEED_KMS
from .instrument import Grid, Instrument, fine_grid, pixel_grid, reach
from .line_opacity import LineOpacity, change_strengths, line_strengths
from .lines import LineList, bundled_lines
from .opacity import continuum, opacity_5000
from .reach import measure_reach, unblended_depths
from .transfer import emergent_flux, planck

WINDOWS = (
    (4800.0, 4826.0),
    (5376.0, 5384.0),
    (5680.0, 5712.0),
    (5780.0, 5806.0),
    (5850.0, 5860.0),
    (6298.0, 6304.0),
    (6430.0, 6458.0),
    (6640.0, 6650.0),
    (6694.0, 6720.0),
    (7696.0, 7702.0),
    (7768.0, 7778.0),
)
"""The sample survey's pieces, Angstrom in air."""

VBROAD_MAX = 12.0  # km/s
VMICRO_MAX = 4.0  # km/s; beyond, the cores of `line_opacity` would be too narrow
RESOLUTION_MAX = 80_000  # three points of synthesis for each FWHM
_SYNTHESIS_RESOLUTION = 250_000  # rms 1.4e-4 against 800 000; 150 000 is too coarse
_MARGIN = 15.0  # km/s beyond the reach of the line spread function
_KNOT_SPACING = 20.0  # Angstrom between points where the continuum is computed
_NO_LINE = 1e-6  # opacity, in units of that at 5000 Angstrom, that changes no flux
_ATMOSPHERES_AT_A_TIME = 64
_SPECTRA_AT_A_TIME = 2  # more fall out of the cache
_VMICRO, _VBROAD = (SYNTHETIC_LABELS.index(name) for name in ("vmicro", "vbroad"))


class Synthesiser:
    """Spectra of cool stars on given windows.

    lines: a `LineList`, the bundled one by default; windows (n_pieces, 2), Angstrom, in
    the medium of the lines; resolution R = lambda / FWHM of the instrument; dtype of
    line opacities and transfer (float64 for gradients to compare with differences).
    Raises ValueError for a resolution above 80 000 or windows that no line reaches, or
    that the bundled list was not made for.

    Of the labels `label_names`, abundances are [X/H] on the AGSS09 scale and elements
    without a label follow [Fe/H]. ``vmicro`` is the microturbulence; ``vbroad``, 0 to
    12 km/s, is the FWHM of one Gaussian beside the instrument's, so that the widths add
    in quadrature: FWHM^2 = (c / R)^2 + vbroad^2. 0 means the instrument alone.
    """

    kind = "synthesiser"
    label_names = SYNTHETIC_LABELS

    def __init__(
        self,
        lines: LineList | None = None,
        windows=None,
        resolution: float = 25000,
        pixels_per_fwhm: float = 2.7,
        dtype: torch.dtype = torch.float32,
    ):
        self.windows = _checked_windows(WINDOWS if windows is None else windows)
        if lines is None:
            _check_bundled_list(self.windows)
        _check_resolution(resolution, pixels_per_fwhm)
        self.resolution, self.dtype = float(resolution), dtype
        self.pixels_per_fwhm = pixels_per_fwhm
        pixels = pixel_grid(self.windows, resolution, pixels_per_fwhm)
        widest = math.hypot(LIGHT_SPEED_KMS / resolution, VBROAD_MAX)
        self.fine = fine_grid(
            self.windows, _SYNTHESIS_RESOLUTION, reach(widest) + _MARGIN
        )
        self.instrument = Instrument(self.fine, pixels, widest)
        self.pieces = pixels.pieces
        self.wavelength = torch.as_tensor(pixels.wavelength)
        self.synthesis_wavelength = torch.as_tensor(self.fine.wavelength)
        self.lines = measure_reach(bundled_lines() if lines is None else lines)
        self.medium = self.lines.medium
        edges = [begin for begin, _ in self.fine.pieces] + [len(self.fine.wavelength)]
        self._seen = _seen(self.lines, self.fine)
        if not len(self._seen):
            raise ValueError(
                f"none of {len(self.lines)} lines reaches the windows {self.windows}; "
                "pass a line list of those wavelengths as lines="
            )
        self._seen_lines = self.lines.select(self._seen)
        self._line_opacity = LineOpacity(
            self._seen_lines, np.log(self.fine.wavelength), edges, self.fine.step, dtype
        )
        self._knots, self._left, self._weight = _knots(self.fine)

    def with_lines(self, lines: LineList) -> "Synthesiser":
        """The same instrument and windows with another line list."""
        return Synthesiser(
            lines, self.windows, self.resolution, self.pixels_per_fwhm, self.dtype
        )

    def __call__(self, labels) -> Tensor:
        return self.flux(labels)

    def flux(self, labels, **changes) -> Tensor:
        """Normalised flux (n_stars, n_pixels), float64, of labels (n_stars, 25).

        Keywords as in `high_resolution_flux`. Raises ValueError for labels of a wrong
        shape, not finite, or outside the model atmospheres.
        """
        labels = _checked_labels(labels)
        width = LIGHT_SPEED_KMS / self.resolution
        fwhm = torch.sqrt(width**2 + labels[:, _VBROAD] ** 2)
        return self.instrument(
            self.high_resolution_flux(labels, **changes), fwhm[:, None]
        )

    def high_resolution_flux(
        self,
        labels,
        *,
        structure=None,
        log_eps=None,
        departure=None,
        line_offsets=None,
    ) -> Tensor:
        """Normalised flux before instrument and vbroad, (n_stars, n_synthesis).

        On ``synthesis_wavelength``. structure: a given atmosphere for all labels, see
        `atmosphere.given_atmosphere`; log_eps: abundances by atomic number in place of
        the labels', see `elements.replace_abundances`; departure: mapping from (Z,
        ion), ion 1 = neutral, to a factor on the opacity of that species, (n_depth,) or
        (n_stars, n_depth): a crude stand-in for departures from LTE; line_offsets
        (n_lines,) or (n_stars, n_lines): dex by which lines are stronger than listed.
        """
        labels = _checked_labels(labels)
        lg_tau = LG_TAU if structure is None else structure.get("lg_tau5000", ())
        factors = {
            species: _per_star(
                values, (len(labels), len(lg_tau)), f"departure of {species}"
            )
            for species, values in (departure or {}).items()
        }
        offsets = _per_star(
            line_offsets, (len(labels), len(self.lines)), "line_offsets"
        )
        spectra = []
        for star, atmosphere in self._atmospheres(labels, structure, log_eps):
            lines = self._lines_at_depths(
                atmosphere,
                labels[star, _VMICRO],
                {species: factor[star] for species, factor in factors.items()},
                None if offsets is None else offsets[star][:, self._seen],
            )
            spectra.append(self._spectrum(atmosphere, lines))
        return torch.cat(spectra)

    def line_depths(self, labels) -> Tensor:
        """Central depth of each line as if alone, before the instrument.

        labels (n_stars, 25) -> (n_stars, n_lines); a few hundredths of a second a star.
        """
        labels = _checked_labels(labels)
        return torch.cat(
            [
                unblended_depths(self.lines, atmosphere, labels[star, _VMICRO])
                for star, atmosphere in self._atmospheres(labels, None, None)
            ]
        )

    def _atmospheres(self, labels: Tensor, structure, log_eps):
        """Yield (rows, `Atmosphere`) of a few stars at a time, in order."""
        for many in _batches(0, len(labels), _ATMOSPHERES_AT_A_TIME):
            if structure is None:
                lg_tau, gas = atmosphere_from_labels(labels[many], log_eps)
            else:
                lg_tau, gas = given_atmosphere(structure, labels[many], log_eps)
            for few in _batches(many.start, many.stop, _SPECTRA_AT_A_TIME):
                inside = slice(few.start - many.start, few.stop - many.start)
                yield few, Atmosphere(lg_tau, gas.stars(inside))

    def _lines_at_depths(self, atmosphere: Atmosphere, vmicro, departure, offsets):
        """Line opacity in units of that at 5000 A, (n_synthesis, n_stars, n_depth).

        Computed at every second depth; ln(opacity) between them by a cubic spline.
        """
        some, spline = _thinned(atmosphere.lg_tau5000)
        gas = atmosphere.gas.depths(some)
        strengths = change_strengths(
            line_strengths(self._seen_lines, gas, vmicro),
            self._seen_lines,
            {species: factor[:, some] for species, factor in departure.items()},
            offsets,
        )
        # in units of the opacity at 5000 Angstrom everything fits into float32
        unit = opacity_5000(gas)[:, None]
        strengths = strengths._replace(centre=strengths.centre / unit)
        ln_opacity = torch.log(self._line_opacity(strengths) + _NO_LINE)
        return torch.exp(ln_opacity @ spline.to(self.dtype))

    def _spectrum(self, atmosphere: Atmosphere, lines: Tensor) -> Tensor:
        """Normalised flux (n_stars, n_synthesis) of a few stars."""
        gas = atmosphere.gas
        background = sum(continuum(gas, self._knots)) / opacity_5000(gas)[:, None]
        source = planck(self._knots, gas.temperature)
        source = source / source[:, :, -1:]
        ln_tau = (atmosphere.lg_tau5000 * math.log(10)).to(self.dtype)
        opacity, source = (
            x.transpose(0, 1).to(self.dtype) for x in (background, source)
        )
        smooth = emergent_flux(opacity, source, ln_tau)  # (n_knots, n_stars)
        flux = emergent_flux(
            self._at_points(opacity) + lines, self._at_points(source), ln_tau
        )
        return (flux / self._at_points(smooth)).double().T

    def _at_points(self, knots: Tensor) -> Tensor:
        """From the continuum's knots (n_knots, ...) to all points, linearly."""
        shape = (-1,) + (1,) * (knots.ndim - 1)
        weight = self._weight.to(knots.dtype).reshape(shape)
        return torch.lerp(knots[self._left], knots[self._left + 1], weight)


def _per_star(values, shape: tuple[int, int], what: str) -> Tensor | None:
    """Values (n_stars, n) of what is given per star or once for all, (n,)."""
    if values is None:
        return None
    values = torch.as_tensor(values, dtype=torch.float64)
    if tuple(values.shape) not in {shape, shape[1:]}:
        raise ValueError(
            f"{what} has shape {tuple(values.shape)}, expected {shape} or {shape[1:]}"
        )
    return values.expand(shape)


def _thinned(lg_tau: Tensor) -> tuple[np.ndarray, Tensor]:
    """Every second depth, and the matrix of the spline from there to all depths."""
    depth = lg_tau.numpy()
    some = np.unique([*range(0, len(depth), 2), len(depth) - 1])
    spline = CubicSpline(depth[some], np.eye(len(some)))
    return some, torch.as_tensor(spline(depth).T)


def _batches(start: int, stop: int, size: int):
    for begin in range(start, stop, size):
        yield slice(begin, min(begin + size, stop))


def _seen(lines: LineList, fine: Grid) -> np.ndarray:
    """Indices of the lines whose window reaches the grid."""
    reach_out = lines.wavelength * lines.half_window / LIGHT_SPEED_KMS
    seen = np.zeros(len(lines), dtype=bool)
    for begin, end in fine.pieces:
        first, last = fine.wavelength[begin], fine.wavelength[end - 1]
        seen |= (lines.wavelength + reach_out > first) & (
            lines.wavelength - reach_out < last
        )
    return np.flatnonzero(seen)


def _knots(fine: Grid):
    """Wavelengths for the continuum; left knot of each point and the right's weight."""
    knots, left, weight, n_before = [], [], [], 0
    for begin, end in fine.pieces:
        points = fine.wavelength[begin:end]
        n_knots = 2 + int((points[-1] - points[0]) / _KNOT_SPACING)
        place = (points - points[0]) / (points[-1] - points[0]) * (n_knots - 1)
        index = np.minimum(place.astype(int), n_knots - 2)
        knots.append(np.linspace(points[0], points[-1], n_knots))
        left.append(index + n_before)
        weight.append(place - index)
        n_before += n_knots
    columns = (np.concatenate(parts) for parts in (knots, left, weight))
    return tuple(torch.as_tensor(column) for column in columns)


def _checked_windows(windows) -> tuple[tuple[float, float], ...]:
    windows = tuple((float(a), float(b)) for a, b in windows)
    flat = [edge for window in windows for edge in window]
    if not flat or flat != sorted(set(flat)) or flat[0] < 3700:
        raise ValueError(
            f"windows are {windows}, expected pairs (start, stop) in Angstrom, "
            "increasing, apart, and above 3700: the continuum stops there"
        )
    return windows


def _check_bundled_list(windows) -> None:
    for start, stop in windows:
        if not any(low <= start and stop <= high for low, high in WINDOWS):
            raise ValueError(
                f"the window {start:g}-{stop:g} lies outside those of the bundled line "
                "list, synthesis.synthesiser.WINDOWS; pass a list of your own, "
                "lines=read_line_list(...)"
            )


def _check_resolution(resolution, pixels_per_fwhm) -> None:
    if not (0 < resolution <= RESOLUTION_MAX and pixels_per_fwhm > 0):
        raise ValueError(
            f"resolution is {resolution:g} with {pixels_per_fwhm:g} pixels per FWHM, "
            f"expected a resolution above 0 and at most {RESOLUTION_MAX}, and pixels"
        )


def _checked_labels(labels) -> Tensor:
    if not isinstance(labels, Tensor):
        labels = torch.tensor(np.asarray(labels))  # a copy: `Spectra.labels` is locked
    labels = labels.double()
    if labels.ndim != 2 or labels.shape[1] != len(SYNTHETIC_LABELS) or not len(labels):
        raise ValueError(
            f"labels have shape {tuple(labels.shape)}, expected (n_stars, "
            f"{len(SYNTHETIC_LABELS)}), one star or more, in the order of "
            "Synthesiser.label_names"
        )
    if not torch.isfinite(labels).all():
        raise ValueError("labels hold NaN or infinity; expected finite numbers")
    vbroad = labels[:, _VBROAD]
    if (vbroad < 0).any() or (vbroad > VBROAD_MAX).any():
        raise ValueError(
            f"vbroad is {float(vbroad.min()):g} to {float(vbroad.max()):g} km/s, "
            f"expected 0 to {VBROAD_MAX:g}"
        )
    vmicro = labels[:, _VMICRO]
    if (vmicro < 0).any() or (vmicro > VMICRO_MAX).any():
        raise ValueError(
            f"vmicro is {float(vmicro.min()):g} to {float(vmicro.max()):g} km/s, "
            f"expected 0 to {VMICRO_MAX:g}"
        )
    return labels
