"""Spectra: the one container of the project, frozen; everything else is a function.

One wavelength grid for all stars of a container; ``ivar == 0`` marks a bad pixel and is
the only mask. Imports nothing of the project but `labels`.
"""

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MEDIA = ("air", "vacuum")


def _frozen(array, dtype):
    """Return ``array`` as a read-only array of ``dtype``; the caller's stays as it is.

    A stored array (see `io.hdf5`) passes through: it is read only when it is sliced.
    """
    if not isinstance(array, np.ndarray) and hasattr(array, "read_rows"):
        return array
    array = np.array(array, dtype=dtype, order="C")  # a copy, so it can be locked
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Spectra:
    """Spectra of ``n_stars`` stars on one wavelength grid.

    wavelength (n_pixels,) Angstrom, increasing, float64; flux (n_stars, n_pixels)
    float32, continuum-normalised if ``normalised``; ivar same shape, 1/flux**2, 0 marks
    a bad pixel; ids (n_stars,) unique text; labels (n_stars, n_labels) physical units,
    NaN where unknown; labels_sigma same shape, their standard deviation; medium "air"
    or "vacuum"; resolution = wavelength / FWHM or None; star_data: further columns,
    (n_stars, ...) each, sliced with the stars; metadata: free, of the whole set.

    Raises ValueError for shapes that do not fit, a wavelength grid that does not
    increase, negative or non-finite ivar, and non-finite flux in a good pixel.

    >>> s = Spectra([5000.0, 5001.0], [[1.0, 0.9]], [[100.0, 0.0]])
    >>> len(s), s.n_pixels, s.good
    (1, 2, array([[ True, False]]))
    """

    wavelength: np.ndarray
    flux: np.ndarray
    ivar: np.ndarray
    ids: np.ndarray | None = None
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    label_units: tuple[str, ...] = ()
    labels_sigma: np.ndarray | None = None
    medium: str = "vacuum"
    resolution: float | None = None
    normalised: bool = True
    star_data: Mapping[str, np.ndarray] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        assign = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        assign("wavelength", _frozen(self.wavelength, np.float64))
        assign("flux", _frozen(self.flux, np.float32))
        assign("ivar", _frozen(self.ivar, np.float32))
        if self.flux.ndim != 2:
            raise ValueError(
                f"flux has shape {self.flux.shape}, expected (n_stars, n_pixels). "
                "For one star pass flux[np.newaxis]."
            )
        n_stars = self.flux.shape[0]
        ids = np.arange(n_stars).astype(str) if self.ids is None else self.ids
        ids = np.asarray(ids).astype(str)
        ids.flags.writeable = False
        assign("ids", ids)
        assign("label_names", tuple(str(name) for name in self.label_names))
        if self.labels is not None:
            assign("labels", _frozen(self.labels, np.float64))
        if self.labels_sigma is not None:
            assign("labels_sigma", _frozen(self.labels_sigma, np.float64))
        if not self.label_units:
            from stellar_gui.labels import describe

            assign("label_units", tuple(describe(n).unit for n in self.label_names))
        assign("label_units", tuple(str(unit) for unit in self.label_units))
        columns = {k: np.asarray(v) for k, v in self.star_data.items()}
        assign("star_data", {k: _frozen(v, v.dtype) for k, v in columns.items()})
        assign("metadata", dict(self.metadata))
        self._check()

    def _check(self):
        n_stars, n_pixels = self.flux.shape
        if self.wavelength.shape != (n_pixels,):
            raise ValueError(
                f"wavelength has shape {self.wavelength.shape}, expected ({n_pixels},) "
                f"for flux of shape {self.flux.shape}. Put all spectra on one grid "
                "first, with preprocess.resample()."
            )
        if self.ivar.shape != (n_stars, n_pixels):
            raise ValueError(
                f"ivar has shape {self.ivar.shape}, expected {(n_stars, n_pixels)}. "
                "Give one inverse variance for every flux value, 0 where it is bad."
            )
        finite = np.isfinite(self.wavelength).all()
        if not finite or (np.diff(self.wavelength) <= 0).any():
            raise ValueError(
                "wavelength does not increase from pixel to pixel, expected increasing "
                "Angstrom without NaN. Sort the pixels and drop repeated ones."
            )
        if n_pixels and self.wavelength[0] <= 0:
            raise ValueError(
                f"wavelength starts at {self.wavelength[0]:g}, expected Angstrom above "
                "0. Is the grid in log10(Angstrom)? Then pass 10**grid."
            )
        if self.medium not in MEDIA:
            raise ValueError(
                f"medium is {self.medium!r}, expected 'air' or 'vacuum'. Say in which "
                "the wavelengths are given."
            )
        if self.ids.shape != (n_stars,) or len(np.unique(self.ids)) != n_stars:
            raise ValueError(
                f"ids has shape {self.ids.shape} with {len(np.unique(self.ids))} "
                f"different names, expected {n_stars} different ones, one for each star"
            )
        self._check_labels(n_stars)
        for name, column in self.star_data.items():
            if column.shape[:1] != (n_stars,):
                raise ValueError(
                    f"star_data[{name!r}] has shape {column.shape}, expected the first "
                    f"axis to be {n_stars}. Put what is not per star into metadata."
                )
        if isinstance(self.ivar, np.ndarray) and isinstance(self.flux, np.ndarray):
            self._check_values()

    def _check_labels(self, n_stars):
        expected = (n_stars, len(self.label_names))
        for name in ("labels", "labels_sigma"):
            array = getattr(self, name)
            if array is not None and array.shape != expected:
                raise ValueError(
                    f"{name} has shape {array.shape}, expected {expected}: one row for "
                    "each star, one column for each of label_names "
                    f"({', '.join(self.label_names) or 'none given'})."
                )
        if self.labels is None and self.label_names:
            raise ValueError(
                f"label_names is {self.label_names} but labels is None. Give the "
                "values too, or no names."
            )

    def _check_values(self):
        if not np.isfinite(self.ivar).all() or (self.ivar < 0).any():
            count = int((~np.isfinite(self.ivar) | (self.ivar < 0)).sum())
            raise ValueError(
                f"ivar is negative or not finite in {count} pixels, expected 0 or "
                "more. Set ivar to 0 where a pixel is bad."
            )
        broken = ~np.isfinite(self.flux) & (self.ivar > 0)
        if broken.any():
            raise ValueError(
                f"flux is not finite in {int(broken.sum())} pixels with ivar > 0. "
                "Set ivar to 0 there: it is the only mask."
            )

    def __len__(self) -> int:
        return self.flux.shape[0]

    @property
    def n_pixels(self) -> int:
        return self.flux.shape[1]

    @property
    def good(self) -> np.ndarray:
        """(n_stars, n_pixels) bool: pixels with ivar above 0."""
        return np.asarray(self.ivar) > 0

    def __getitem__(self, stars) -> "Spectra":
        """Return the stars of a slice, an index, a bool array or an index array.

        An integer gives a container of one star. Stored spectra are read here.
        """
        if isinstance(stars, slice):
            stars = np.arange(len(self))[stars]
        stars = np.atleast_1d(stars)
        if stars.dtype == bool:
            if stars.shape != (len(self),):
                raise IndexError(
                    f"stars has shape {stars.shape}, expected ({len(self)},): one bool "
                    "for each star."
                )
            stars = np.flatnonzero(stars)
        wrong = (stars < -len(self)) | (stars >= len(self))
        if wrong.any():
            raise IndexError(
                f"star {stars[wrong][0]} does not exist, expected 0 to {len(self) - 1}"
            )
        stars = np.where(stars < 0, stars + len(self), stars).astype(int)
        rows = lambda a: (  # noqa: E731
            a.read_rows(stars) if hasattr(a, "read_rows") else a[stars]
        )
        return self.replace(
            flux=rows(self.flux),
            ivar=rows(self.ivar),
            ids=self.ids[stars],
            labels=None if self.labels is None else self.labels[stars],
            labels_sigma=(
                None if self.labels_sigma is None else self.labels_sigma[stars]
            ),
            star_data={k: v[stars] for k, v in self.star_data.items()},
        )

    def window(self, low: float, high: float) -> "Spectra":
        """Return the pixels with low <= wavelength <= high, Angstrom.

        Raises ValueError if no pixel lies there.
        """
        inside = (self.wavelength >= low) & (self.wavelength <= high)
        if not inside.any():
            raise ValueError(
                f"no pixel between {low:g} and {high:g} Å; the spectra cover "
                f"{self.wavelength[0]:.1f} to {self.wavelength[-1]:.1f} Å"
            )
        return self.pixels(inside)

    def pixels(self, chosen) -> "Spectra":
        """Return the chosen pixels: a bool (n_pixels,) or an index array."""
        return self.replace(
            wavelength=self.wavelength[chosen],
            flux=np.asarray(self.flux)[:, chosen],
            ivar=np.asarray(self.ivar)[:, chosen],
        )

    def row(self, star_id: str) -> int:
        """Return the row of a star by its id. Raises KeyError if there is none."""
        found = np.flatnonzero(self.ids == str(star_id))
        if not found.size:
            raise KeyError(f"no star {star_id!r} among {len(self)} stars")
        return int(found[0])

    def snr(self) -> np.ndarray:
        """Median of flux * sqrt(ivar) over good pixels, (n_stars,), 0 if none is good.

        Per pixel. Uses ``star_data["snr"]`` where a file states it.
        """
        if "snr" in self.star_data:
            return np.asarray(self.star_data["snr"], dtype=float)
        flux, ivar = np.asarray(self.flux), np.asarray(self.ivar)
        snr = np.zeros(len(self))
        for star, (f, v) in enumerate(zip(flux, ivar, strict=True)):
            good = v > 0
            snr[star] = np.median(f[good] * np.sqrt(v[good])) if good.any() else 0.0
        return snr

    def label(self, name: str) -> np.ndarray:
        """Return the column of a label, (n_stars,). Raises KeyError if absent."""
        if self.labels is None or name not in self.label_names:
            raise KeyError(f"no label {name!r}; there are {self.label_names}")
        return self.labels[:, self.label_names.index(name)]

    def with_labels(self, names) -> "Spectra":
        """Return the spectra with only these labels, in this order."""
        from stellar_gui.labels import check_label_names

        names = check_label_names(names, self.label_names)
        columns = [self.label_names.index(name) for name in names]
        sigma = self.labels_sigma
        return self.replace(
            labels=self.labels[:, columns],
            labels_sigma=None if sigma is None else sigma[:, columns],
            label_names=names,
            label_units=tuple(self.label_units[c] for c in columns),
        )

    def replace(self, **changes) -> "Spectra":
        """Return a copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    def pieces(self, gap: float = 5.0) -> list[tuple[int, int]]:
        """Return (start, stop) pixels of the pieces between gaps in wavelength.

        See `wavelength_pieces`.
        """
        return wavelength_pieces(self.wavelength, gap)


def wavelength_pieces(wavelength, gap: float = 5.0) -> list[tuple[int, int]]:
    """Return (start, stop) pixels of the pieces of a grid (n_pixels,), Angstrom.

    A gap is a step more than ``gap`` times the median step, in logarithm.

    >>> wavelength_pieces([5000.0, 5001.0, 5002.0, 5100.0, 5101.0])
    [(0, 3), (3, 5)]
    """
    n_pixels = len(wavelength)
    if n_pixels < 3:
        return [(0, n_pixels)]
    step = np.diff(np.log(wavelength))
    breaks = np.flatnonzero(step > gap * np.median(step)) + 1
    return list(itertools.pairwise([0, *breaks.tolist(), n_pixels]))
