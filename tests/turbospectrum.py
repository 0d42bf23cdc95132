"""The frozen Turbospectrum stars, for tests (tests/data/turbospectrum_s7.md)."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.labels import SYNTHETIC_LABELS

_FILE = Path(__file__).parent / "data" / "turbospectrum_s7.npz"
STARS = ("sun", "k_giant", "mp_giant", "k_dwarf", "f_dwarf", "marcs_4500_2.5")
_ALPHA = ("o_h", "mg_h", "si_h", "ca_h", "ti_h")


class ReferenceStar(NamedTuple):
    labels: torch.Tensor  # (1, 25)
    log_eps: np.ndarray  # (93,)
    structure: dict  # as Synthesiser.flux takes it
    flux: np.ndarray  # (2117,)
    density: np.ndarray  # (n_depth,), g/cm3
    kappa_5000: np.ndarray  # (n_depth,), absorption and scattering, cm2/g
    kappa: np.ndarray  # (11, n_depth), the same at ...
    kappa_wavelength: np.ndarray  # (11,), Angstrom


@cache
def _table() -> dict:
    with np.load(_FILE) as data:
        return dict(data)


def wavelength() -> np.ndarray:
    return _table()["wavelength"]


def star_labels(teff, logg, m_h, alpha_m, vmicro) -> torch.Tensor:
    """The 25 labels of a star with scaled solar abundances, (1, 25)."""
    values = dict.fromkeys(SYNTHETIC_LABELS, m_h)
    values.update(teff=teff, logg=logg, vmicro=vmicro, vbroad=0.0)
    values.update(dict.fromkeys(_ALPHA, m_h + alpha_m))
    return torch.tensor([[values[name] for name in SYNTHETIC_LABELS]]).double()


def reference_star(name: str) -> ReferenceStar:
    table, row = _table(), STARS.index(name)
    assert table["star"][row] == name
    n_depth = table["n_depth"][row]
    depths = {
        ours: table[theirs][row, :n_depth]
        for ours, theirs in {
            "lg_tau5000": "lg_tau5000",
            "temperature": "T",
            "lg_electron_pressure": "lg_Pe",
            "lg_gas_pressure": "lg_Pg",
        }.items()
    }
    kappa = table["ts_kappa_abs"][row] + table["ts_kappa_scat"][row]
    return ReferenceStar(
        labels=star_labels(*table["labels"][row].astype(float)),
        log_eps=table["log_eps"][row],
        structure=depths,
        flux=table["flux"][row],
        density=table["ts_rho"][row, :n_depth],
        kappa_5000=table["ts_kappa5000"][row, :n_depth],
        kappa=kappa[:, :n_depth],
        kappa_wavelength=table["kappa_wavelength"],
    )
