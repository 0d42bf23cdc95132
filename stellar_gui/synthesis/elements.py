"""The elements: symbols, masses, solar abundances, ionisation, partition functions.

Partition functions ln U = sum_i a_i (ln T)^i of Irwin (1981, ApJS 45, 621); solar
abundances of Asplund et al. (2009, ARA&A 47, 481). Arrays are indexed by the atomic
number Z; entry 0 is unused. Origin: assets/synthesis/partition_irwin1981.md.
"""

import numpy as np
import torch
from torch import Tensor

from stellar_gui import paths
from stellar_gui.labels import SYNTHETIC_LABELS, label

with np.load(paths.assets() / "synthesis" / "partition_irwin1981.npz") as _table:
    SYMBOLS = tuple(str(symbol) for symbol in _table["symbol"])
    ATOMIC_MASS = _table["atomic_mass"]  # u
    SOLAR_LOG_EPS = _table["log_eps_agss09"]  # log10 N(X)/N(H) + 12; -99 = none
    IONISATION_ENERGY = _table["ionisation_energy_eV"]  # [Z, s]: from stage s - 1 to s
    HAS_STAGE = _table["available"]
    _LN_U_COEFFICIENTS = torch.tensor(_table["ln_u_coeff"])  # (93, 3, 6)

N_ELEMENTS = len(SYMBOLS)  # 93: Z = 0 (unused) to 92
ATOMIC_NUMBER = {symbol: z for z, symbol in enumerate(SYMBOLS) if symbol}
_HOTTEST = 16000.0  # K, end of the polynomials


def ln_partition_function(z, stage, temperature: Tensor) -> Tensor:
    """ln U of species (z, stage), stage 0 = neutral, each (n_species,).

    temperature (n_stars, n_depth), K -> (n_stars, n_species, n_depth).
    """
    coefficients = _LN_U_COEFFICIENTS[torch.as_tensor(z), torch.as_tensor(stage)]
    ln_t = torch.log(temperature.clamp(max=_HOTTEST)).unsqueeze(-2)
    result = torch.zeros_like(ln_t)
    for power in range(5, -1, -1):
        result = result * ln_t + coefficients[:, power : power + 1]
    return result


def _labels_to_x_h() -> Tensor:
    """(25, 93) matrix: labels @ matrix = [X/H]; what has no label follows [Fe/H]."""
    matrix = torch.zeros(len(SYNTHETIC_LABELS), N_ELEMENTS, dtype=torch.float64)
    matrix[SYNTHETIC_LABELS.index("fe_h"), 3:] = 1.0
    for row, name in enumerate(SYNTHETIC_LABELS):
        element = label(name).element
        if element is not None:
            matrix[:, ATOMIC_NUMBER[element]] = 0.0
            matrix[row, ATOMIC_NUMBER[element]] = 1.0
    return matrix


_LABELS_TO_X_H = _labels_to_x_h()


def abundances_from_labels(labels: Tensor) -> Tensor:
    """Labels (n_stars, 25) -> N(X)/N(H) (n_stars, 93); absent elements are 0.

    >>> sun = torch.zeros(1, 25, dtype=torch.float64)
    >>> sun[0, SYNTHETIC_LABELS.index("mg_h")] = 0.4
    >>> round(float(abundances_from_labels(sun)[0, 12]) * 1e5, 3)  # 10^(7.6 + 0.4 - 12)
    10.0
    """
    solar = torch.tensor(SOLAR_LOG_EPS)
    present = (solar > -20).to(solar)
    return present * 10 ** (solar + labels @ _LABELS_TO_X_H - 12)


def replace_abundances(abundances: Tensor, log_eps) -> Tensor:
    """Put given abundances in place of those of ``abundances`` (n_stars, 93).

    log_eps: mapping from Z to log10 N(X)/N(H) + 12, or an array of 93 indexed by Z,
    where NaN keeps the old value and anything below -20 means absent. Raises ValueError
    for an unknown atomic number, another length, or hydrogen other than 12.
    """
    if not hasattr(log_eps, "items"):
        if len(log_eps) != N_ELEMENTS:
            raise ValueError(
                f"log_eps has {len(log_eps)} entries, expected {N_ELEMENTS}, indexed "
                "by atomic number (entry 0 unused); or pass a dict {Z: log_eps}"
            )
        log_eps = {z: float(value) for z, value in enumerate(log_eps) if z}
    result = abundances.clone()
    for z, value in log_eps.items():
        if not 1 <= z < N_ELEMENTS:
            raise ValueError(
                f"log_eps names atomic number {z}, expected 1 to {N_ELEMENTS - 1}"
            )
        if z == 1 and abs(value - 12) > 1e-6:
            raise ValueError(
                f"log_eps of hydrogen is {value:g}, expected 12: abundances are "
                "counted relative to it; shift all values by the same amount"
            )
        if value == value:  # NaN keeps what the labels say
            result[:, z] = 10 ** (value - 12) if value > -20 else 0.0
    return result
