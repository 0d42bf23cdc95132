"""The label space of the synthetic grid, and an even sample of it.

The synthesiser is trusted in this domain, so the grid fills it: a scrambled Sobol
sequence, warped where spectra change fastest (cool and metal-rich). The alpha elements
of a grid star share half of their spread, because real stars and the thermal structure
move them together; all other [X/Fe] are independent. Draws labels, makes no spectra.
"""

import warnings

import numpy as np
from scipy.stats import qmc

from stellar_gui.labels import ELEMENTS, SYNTHETIC_LABELS

ALPHA_ELEMENTS = ("O", "Mg", "Si", "Ca", "Ti")
NEUTRON_CAPTURE = ("Y", "Ba", "La", "Eu")

TEFF = (4200.0, 6500.0)
FE_H = (-3.0, 0.5)
VMICRO = (0.8, 2.5)
VBROAD = (0.0, 12.0)
LOGG_MAX = 5.0
X_FE = {e: (-1.2, 0.6) if e in NEUTRON_CAPTURE else (-0.6, 0.6) for e in ELEMENTS}

_FE_H_WARP = 0.6  # exponent below 1: more grid stars at high [Fe/H], where lines crowd
_SHARED_ALPHA = (-0.3, 0.4)
_OWN_ALPHA = (-0.3, 0.2)


def logg_min(teff):
    """Lowest log g of the domain at a temperature in K: 1, rising above 5350 K.

    >>> logg_min(np.array([4500.0, 6350.0]))
    array([1., 3.])
    """
    return np.maximum(1.0, 1.0 + (np.asarray(teff, dtype=float) - 5350.0) / 500.0)


def inside(labels) -> np.ndarray:
    """Return which stars lie in the domain of the grid, (n_stars,) bool.

    labels (n_stars, 25), as `SYNTHETIC_LABELS` names them.
    """
    columns = dict(
        zip(SYNTHETIC_LABELS, np.asarray(labels, dtype=float).T, strict=True)
    )
    within = lambda value, limits: (value >= limits[0]) & (value <= limits[1])  # noqa: E731
    teff, logg, fe_h = columns["teff"], columns["logg"], columns["fe_h"]
    found = within(teff, TEFF) & within(fe_h, FE_H)
    found &= (logg >= logg_min(teff)) & (logg <= LOGG_MAX)
    found &= within(columns["vmicro"], VMICRO) & within(columns["vbroad"], VBROAD)
    for element, limits in X_FE.items():
        if element != "Fe":
            x_fe = columns[f"{element.lower()}_h"] - fe_h
            found &= within(np.round(x_fe, 9), limits)
    return found


def assemble(teff, logg, vmicro, vbroad, fe_h, x_fe) -> np.ndarray:
    """Return the label array (n_stars, 25) of these columns, (n_stars,) each.

    ``x_fe`` maps an element to its [X/Fe]; an element that is not there follows iron.
    """
    columns = {"teff": teff, "logg": logg, "vmicro": vmicro, "vbroad": vbroad}
    for element in ELEMENTS:
        columns[f"{element.lower()}_h"] = fe_h + x_fe.get(element, 0.0)
    columns["fe_h"] = fe_h
    return np.stack([columns[name] for name in SYNTHETIC_LABELS], axis=1)


def sample_grid(n_stars: int, seed: int) -> np.ndarray:
    """Draw the labels of a synthetic grid, (n_stars, 25), evenly over the domain.

    The same seed gives the same first rows for every ``n_stars``.

    >>> sample_grid(8, seed=1).shape, inside(sample_grid(8, seed=1)).all()
    ((8, 25), np.True_)
    """
    elements = [element for element in ELEMENTS if element != "Fe"]
    sobol = qmc.Sobol(6 + len(elements), scramble=True, rng=np.random.default_rng(seed))
    with warnings.catch_warnings():
        # balance is lost when n_stars is no power of 2, evenness is not
        warnings.filterwarnings("ignore", "The balance properties of Sobol")
        unit = sobol.random(n_stars)
    between = lambda u, limits: limits[0] + u * (limits[1] - limits[0])  # noqa: E731
    teff = between(unit[:, 0], TEFF)
    logg = between(unit[:, 1], (logg_min(teff), LOGG_MAX))
    fe_h = between(unit[:, 2] ** _FE_H_WARP, FE_H)
    vmicro, vbroad = between(unit[:, 3], VMICRO), between(unit[:, 4], VBROAD)
    shared = between(unit[:, 5], _SHARED_ALPHA)
    x_fe = {}
    for element, u in zip(elements, unit[:, 6:].T, strict=True):
        if element in ALPHA_ELEMENTS:
            x_fe[element] = shared + between(u, _OWN_ALPHA)
        else:
            x_fe[element] = between(u, X_FE[element])
    return assemble(teff, logg, vmicro, vbroad, fe_h, x_fe)
