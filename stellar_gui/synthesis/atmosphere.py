"""Structure of the atmosphere: T(tau) of ATLAS12 models, pressure by hydrostatics.

T(tau5000; Teff, logg, [M/H], [alpha/M]) is a polynomial distilled from the C3K grid
(assets/synthesis/t_tau_c3k.md); pressure follows from our own opacity, with the
radiation pressure taken off gravity. Individual elements change pressure and opacity,
but the temperature knows only [Fe/H] and the mean of the alpha elements.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui import paths
from stellar_gui.labels import SYNTHETIC_LABELS

from .constants import LIGHT_SPEED, STEFAN_BOLTZMANN
from .elements import abundances_from_labels, replace_abundances
from .equation_of_state import EquationOfState, Gas
from .opacity import opacity_5000

with np.load(paths.assets() / "synthesis" / "t_tau_c3k.npz") as _table:
    _T_TAU = {key: torch.tensor(_table[key]) for key in _table if key != "label_names"}

LG_TAU = _T_TAU["lg_tau5000"]
"""(57,) lg of the optical depth at 5000 Angstrom, -5 to 2."""

# Label ranges of the models that T(tau) was fitted to
PARAMETER_RANGES = {
    "teff": (3900.0, 6700.0),
    "logg": (0.6, 5.2),
    "[M/H]": (-3.4, 0.6),
    "[alpha/M]": (-0.2, 0.6),
}
_LOGG_MARGIN = 0.1  # below the models' lowest gravity, where T(tau) still extends well
ALPHA_LABELS = ("o_h", "mg_h", "si_h", "ca_h", "ti_h")
STRUCTURE_KEYS = (
    "lg_tau5000",
    "temperature",
    "lg_electron_pressure",
    "lg_gas_pressure",
)


class Atmosphere(NamedTuple):
    lg_tau5000: Tensor  # (n_depth,)
    gas: Gas  # of n_stars


def thermal_parameters(labels: Tensor) -> Tensor:
    """Teff, logg, [Fe/H] and mean [alpha/Fe] that the temperature follows.

    labels (n_stars, 25) -> (n_stars, 4). The alpha elements are O, Mg, Si, Ca, Ti with
    equal weight; their mean is held inside the range of the models, -0.2 to 0.6.
    Raises ValueError where another parameter lies outside the models, or the star is
    hotter than its gravity allows: there the polynomial would run away.
    """
    column = {name: labels[:, i] for i, name in enumerate(SYNTHETIC_LABELS)}
    alpha_h = torch.stack([column[name] for name in ALPHA_LABELS]).mean(0)
    alpha_fe = (alpha_h - column["fe_h"]).clamp(*PARAMETER_RANGES["[alpha/M]"])
    given = [column["teff"], column["logg"], column["fe_h"], alpha_fe]
    for name, values in zip(PARAMETER_RANGES, given, strict=True):
        low, high = PARAMETER_RANGES[name]
        wrong = ~((values >= low) & (values <= high))
        if wrong.any():
            raise ValueError(
                f"{name} = {float(values[wrong][0]):g} lies outside the model "
                f"atmospheres, {low:g} to {high:g}; choose labels inside"
            )
    _check_gravity(column["teff"], column["logg"])
    return torch.stack(given, 1)


def _check_gravity(teff: Tensor, logg: Tensor) -> None:
    lowest = 1 + (teff - 5350) / 500
    wrong = logg < lowest - _LOGG_MARGIN
    if wrong.any():
        raise ValueError(
            f"logg = {float(logg[wrong][0]):g} at teff = {float(teff[wrong][0]):g} "
            "lies outside the model atmospheres, expected at least "
            f"1 + (teff - 5350) / 500 = {float(lowest[wrong][0]):g}; choose a cooler "
            "star or a higher logg"
        )


def temperature(parameters: Tensor) -> Tensor:
    """T(tau) on `LG_TAU`, K: parameters (n_stars, 4) -> (n_stars, 57)."""
    x = (parameters - _T_TAU["label_center"]) / _T_TAU["label_scale"]
    exponents = _T_TAU["exponents"].long()  # (n_terms, 4)
    powers = [torch.ones_like(x), x]
    for _ in range(2, int(exponents.max()) + 1):
        powers.append(2 * x * powers[-1] - powers[-2])
    chebyshev = torch.stack(powers, -1)  # (n_stars, 4, degree + 1)
    terms = math.prod(chebyshev[:, k, exponents[:, k]] for k in range(4))
    ln_ratio = _T_TAU["mean"] + terms @ _T_TAU["coefficients"] @ _T_TAU["components"]
    return parameters[:, :1] * torch.exp(ln_ratio)


class _Hydrostatics:
    """dP/dtau = g_eff / kappa, integrated for P^(3/2) over ln tau.

    g_eff = g - kappa sigma Teff^4 / c. ``step`` turns ln P into a better one.
    """

    def __init__(self, temperature, parameters, abundances):
        self.state = EquationOfState(temperature, abundances)
        self.ln_tau = LG_TAU * math.log(10)
        self.gravity = 10 ** parameters[:, 1:2]
        self.radiation = STEFAN_BOLTZMANN * parameters[:, :1] ** 4 / LIGHT_SPEED

    def first_guess(self) -> Tensor:
        lg_pressure = 3 + 0.6 * (torch.log10(self.gravity) - 2) + 0.5 * LG_TAU
        return lg_pressure * math.log(10)

    def step(self, ln_pressure: Tensor, ln_ne: Tensor | None) -> tuple[Tensor, Tensor]:
        iterations = 12 if ln_ne is None else 3
        gas = self.state.solve(torch.exp(ln_pressure), ln_ne, iterations)
        kappa = opacity_5000(gas) / gas.density
        gravity = torch.maximum(self.gravity - kappa * self.radiation, self.gravity / 5)
        slope = 1.5 * gravity * torch.exp(0.5 * ln_pressure + self.ln_tau) / kappa
        d_ln_tau = torch.diff(self.ln_tau)
        # above the first point P^(3/2) goes as a power of tau
        power = (torch.log(slope[:, 1:2] / slope[:, :1]) / d_ln_tau[0]).clamp(min=0.3)
        steps = 0.5 * (slope[:, 1:] + slope[:, :-1]) * d_ln_tau
        cubed_root = torch.cumsum(torch.cat([slope[:, :1] / power, steps], -1), -1)
        return torch.log(cubed_root) / 1.5, torch.log(gas.electrons)


def hydrostatic(parameters: Tensor, abundances: Tensor, max_steps: int = 100) -> Gas:
    """The gas in hydrostatic equilibrium with T(tau), a damped fixed point in ln P.

    parameters (n_stars, 4) of `thermal_parameters`; abundances (n_stars, 93).
    """
    equations = _Hydrostatics(temperature(parameters), parameters, abundances)
    with torch.no_grad():
        ln_pressure, ln_ne = equations.first_guess(), None
        for _ in range(max_steps):
            new, ln_ne = equations.step(ln_pressure, ln_ne)
            change = (new - ln_pressure).abs().max()
            ln_pressure = 0.5 * (ln_pressure + new)
            if change < 1e-8:
                break
    if torch.is_grad_enabled():
        # the fixed point is differentiated by iterating it: 8 steps leave 1 % of error
        # in d/dlogg, 24 steps 1e-5
        for _ in range(24):
            new, _ = equations.step(ln_pressure, ln_ne)
            ln_pressure = 0.5 * (ln_pressure + new)
    return equations.state.solve(torch.exp(ln_pressure), ln_ne, iterations=3)


def atmosphere_from_labels(labels: Tensor, log_eps=None) -> Atmosphere:
    """The atmosphere of each star, labels (n_stars, 25); float64 inside."""
    labels = labels.double()
    abundances = abundances_from_labels(labels)
    if log_eps is not None:
        abundances = replace_abundances(abundances, log_eps)
    return Atmosphere(LG_TAU, hydrostatic(thermal_parameters(labels), abundances))


def given_atmosphere(structure, labels: Tensor, log_eps=None) -> Atmosphere:
    """An atmosphere with temperature and electron pressure as given, for all labels.

    structure: mapping with lg_tau5000, temperature (K), lg_electron_pressure and
    lg_gas_pressure (dyn/cm2), each (n_depth,). Of the labels only the abundances count.
    Raises ValueError if a key is missing, the lengths differ, a value is not finite, or
    the optical depths do not increase.
    """
    missing = [key for key in STRUCTURE_KEYS if key not in structure]
    if missing:
        raise ValueError(
            f"structure lacks {', '.join(missing)}; got {', '.join(structure)}, "
            f"expected {', '.join(STRUCTURE_KEYS)}"
        )
    columns = [
        torch.as_tensor(np.array(structure[key], dtype=float)) for key in STRUCTURE_KEYS
    ]
    shapes = {tuple(column.shape) for column in columns}
    if len(shapes) > 1 or columns[0].ndim != 1:
        raise ValueError(
            f"the structure's arrays have shapes {sorted(shapes)}, expected one "
            "(n_depth,) for all; give every quantity on the same depth points"
        )
    lg_tau, temperature, lg_electron, lg_pressure = columns
    finite = all(bool(torch.isfinite(column).all()) for column in columns)
    if not finite or len(lg_tau) < 2 or (torch.diff(lg_tau) <= 0).any():
        raise ValueError(
            f"the structure has {len(lg_tau)} depth points, expected two or more, all "
            "finite, from the surface inward: lg_tau5000 must increase"
        )
    abundances = abundances_from_labels(labels.double())
    if log_eps is not None:
        abundances = replace_abundances(abundances, log_eps)
    state = EquationOfState(temperature.expand(len(labels), -1), abundances)
    gas = state.with_electrons(10 ** lg_pressure[None], 10 ** lg_electron[None])
    return Atmosphere(lg_tau, gas)
