"""Continuum pixels that ship with the project, by name, for `normalise`."""

import numpy as np

from stellar_gui.paths import assets

_NEAR = 0.5  # of a pixel


def continuum_pixels(name: str, wavelength: np.ndarray) -> np.ndarray:
    """Return which pixels of a grid are continuum pixels, bool (n_pixels,).

    name: "apogee", for red giants and cool dwarfs in the H band; wavelength: Angstrom,
    vacuum. Raises ValueError for an unknown name or a grid without any of them.

    >>> int(continuum_pixels("apogee", 10 ** (4.179 + 6e-6 * np.arange(8575))).sum())
    576
    """
    folder = assets() / "continuum"
    known = sorted(path.stem for path in folder.glob("*.ecsv"))
    if name not in known:
        raise ValueError(
            f"there are no continuum pixels named {name!r}, expected one of "
            f"{', '.join(known)}. Pass pixels=None to normalise() to find them."
        )
    from astropy.table import Table  # a second at the start of the application

    table = Table.read(folder / f"{name}.ecsv", format="ascii.ecsv")
    wavelength = np.asarray(wavelength, dtype=float)
    index = np.arange(len(wavelength))
    where = np.interp(table["wavelength"], wavelength, index, left=-9, right=-9)
    nearest = np.unique(np.rint(where[where >= -_NEAR]).astype(int))
    if not nearest.size:
        raise ValueError(
            f"no {name!r} continuum pixel lies between {wavelength[0]:.1f} and "
            f"{wavelength[-1]:.1f} Å; they go from {table['wavelength'][0]:.1f} to "
            f"{table['wavelength'][-1]:.1f} Å. Pass pixels=None to normalise()."
        )
    chosen = np.zeros(len(wavelength), dtype=bool)
    chosen[nearest] = True
    return chosen
