"""Makes assets/synthesis/t_tau_c3k.npz: T(tau) of C3K atmospheres as a polynomial.

The atmospheres come from the network of `atmosnet` 1.0.1 (Nidever & Ting), trained on
the C3K grid of ATLAS12 models. Its wheel is not a dependency of this project; run

    pip download --no-deps atmosnet==1.0.1 && unzip atmosnet-1.0.1-*.whl
    python -m stellar_gui.synthesis.distil \
        atmosnet/data/atmosnet_c3k_300neurons_cool.pkl t_tau_c3k.npz

The network gives column mass, temperature and pressure, all as log10 (the package
itself applies exp), with a point-to-point noise of 8-10 K. Optical depth follows from
our own opacity. The polynomial smooths: principal components of ln(T / Teff), each a
Chebyshev polynomial of the labels.
"""

import importlib
import itertools
import pickle
import sys
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.labels import SYNTHETIC_LABELS

from .atmosphere import ALPHA_LABELS
from .elements import ATOMIC_NUMBER, abundances_from_labels
from .equation_of_state import EquationOfState
from .opacity import opacity_5000

LG_TAU = np.linspace(-5, 2, 57)
LABEL_NAMES = ("Teff", "logg", "M_H", "alpha_M")
# a little more than where the synthesiser is used, so that no edge is near
_LOW, _HIGH = np.array([3900, 0.6, -3.4, -0.2]), np.array([6700, 5.2, 0.6, 0.6])
_ALPHA = [ATOMIC_NUMBER[x] for x in "O Ne Mg Si S Ar Ca Ti".split()]
_FITTED_SHARE = 0.85


class Polynomial(NamedTuple):
    """T = Teff exp(mean + terms @ coefficients @ components) on `LG_TAU`."""

    mean: np.ndarray  # (57,)
    components: np.ndarray  # (n_components, 57)
    coefficients: np.ndarray  # (n_terms, n_components)
    exponents: np.ndarray  # (n_terms, 4), degrees of the Chebyshev factors


class _ArraysOnly(pickle.Unpickler):
    """Reads numpy arrays that dill wrote, and refuses everything else in the file."""

    _ALLOWED = frozenset({"_reconstruct", "scalar", "ndarray", "dtype"})
    _MODULES = frozenset(
        {"numpy", "numpy._core.multiarray", "numpy._core._multiarray_umath"}
    )

    def find_class(self, module, name):
        if module == "dill._dill" and name == "_import_module":
            return lambda path, safe=False: self._numpy_module(path)
        if module == "dill._dill" and name == "_get_attr":
            return lambda owner, attribute: self._numpy_name(owner.__name__, attribute)
        if (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        return self._numpy_name(module, name)

    def _numpy_name(self, module, name):
        if name not in self._ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not a numpy array")
        return getattr(self._numpy_module(module), name)

    def _numpy_module(self, path):
        path = path.replace("numpy.core", "numpy._core")
        if path not in self._MODULES:
            raise pickle.UnpicklingError(f"{path} is not a numpy array")
        return importlib.import_module(path)


def read_networks(path) -> list[dict]:
    """The networks of column mass, temperature and pressure: dicts of arrays."""
    with open(path, "rb") as file:
        return _ArraysOnly(file, encoding="latin1").load()[:3]


def evaluate_network(network: dict, parameters: Tensor) -> Tensor:
    """One quantity on 80 depths: parameters (n, 4) of `LABEL_NAMES` -> (n, 80)."""

    def array(key):
        return torch.tensor(np.asarray(network[key], dtype=float))

    x = (parameters - array("x_min")) / (array("x_max") - array("x_min")) - 0.5
    for layer in (0, 1):
        x = x @ array(f"w_array_{layer}").T + array(f"b_array_{layer}")
        x = torch.nn.functional.leaky_relu(x, 0.01)
    return 10 ** (x @ array("w_array_2").T + array("b_array_2"))


def draw_parameters(n_models: int, rng: np.random.Generator) -> np.ndarray:
    """Random (n, 4) parameters of the domain, without its hot corner of low gravity."""
    parameters = rng.uniform(_LOW, _HIGH, (n_models, 4))
    lowest = np.maximum(0.6, 1 + (parameters[:, 0] - 5350) / 500)
    return parameters[parameters[:, 1] > lowest]


@torch.no_grad()
def temperatures(networks: list[dict], parameters: np.ndarray) -> np.ndarray:
    """T on `LG_TAU` of the network's atmospheres, K, (n, 57).

    lg tau5000 by integrating our own opacity over ln(column mass).
    """
    result = []
    for some in torch.tensor(parameters).split(250):
        mass, temperature, pressure = (evaluate_network(n, some) for n in networks)
        gas = EquationOfState(temperature, _abundances(some)).solve(pressure)
        integrand = opacity_5000(gas) / gas.density * mass
        step = 0.5 * (integrand[:, 1:] + integrand[:, :-1]) * torch.diff(mass.log())
        tau = torch.cumsum(torch.cat([integrand[:, :1], step], 1), 1)
        rows = zip(tau.log10().numpy(), temperature.numpy(), strict=True)
        result += [np.interp(LG_TAU, lg_tau, row) for lg_tau, row in rows]
    return np.array(result)


def _abundances(parameters: Tensor) -> Tensor:
    """Scaled solar mixture with all alpha elements enhanced, (n, 93)."""
    labels = parameters[:, 2:3].expand(-1, len(SYNTHETIC_LABELS)).clone()
    columns = [SYNTHETIC_LABELS.index(name) for name in ALPHA_LABELS]
    labels[:, columns] += parameters[:, 3:]
    result = abundances_from_labels(labels)
    enhanced = abundances_from_labels(parameters[:, 2:3].expand_as(labels))
    result[:, _ALPHA] = enhanced[:, _ALPHA] * 10 ** parameters[:, 3:]
    return result


def _design(parameters: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    x = (parameters - _center()) / _scale()
    factors = [
        np.polynomial.chebyshev.chebvander(column, exponents.max()) for column in x.T
    ]
    return np.prod([factors[k][:, exponents[:, k]] for k in range(4)], axis=0)


def _center() -> np.ndarray:
    return (_LOW + _HIGH) / 2


def _scale() -> np.ndarray:
    return (_HIGH - _LOW) / 2


def fit(parameters, temperature, n_components=10, degree=8, alpha_degree=2):
    """Fit a `Polynomial` to temperatures (n, 57) at parameters (n, 4)."""
    ln_ratio = np.log(temperature / parameters[:, :1])
    mean = ln_ratio.mean(0)
    _, _, rows = np.linalg.svd(ln_ratio - mean, full_matrices=False)
    components = rows[:n_components]
    exponents = np.array(
        [
            powers
            for powers in itertools.product(range(degree + 1), repeat=4)
            if sum(powers) <= degree and powers[3] <= alpha_degree
        ]
    )
    amplitudes = (ln_ratio - mean) @ components.T
    design = _design(parameters, exponents)
    coefficients, *_ = np.linalg.lstsq(design, amplitudes, rcond=None)
    return Polynomial(mean, components, coefficients, exponents)


def predict(polynomial: Polynomial, parameters: np.ndarray) -> np.ndarray:
    """T on `LG_TAU`, (n, 57), K."""
    mean, components, coefficients, exponents = polynomial
    amplitudes = _design(parameters, exponents) @ coefficients
    return parameters[:, :1] * np.exp(mean + amplitudes @ components)


def distil(path, output, n_models: int = 20000, seed: int = 1, **options) -> np.ndarray:
    """Write the asset; return its errors, K: rms over held-out models, (57,).

    Held-out models count where the synthesiser is used.
    """
    networks = read_networks(path)
    parameters = draw_parameters(n_models, np.random.default_rng(seed))
    temperature = temperatures(networks, parameters)
    n_fitted = int(_FITTED_SHARE * len(parameters))
    polynomial = fit(parameters[:n_fitted], temperature[:n_fitted], **options)
    np.savez_compressed(
        output,
        **polynomial._replace(exponents=polynomial.exponents.astype(np.int8))._asdict(),
        lg_tau5000=LG_TAU,
        label_names=np.array(LABEL_NAMES),
        label_center=_center(),
        label_scale=_scale(),
    )
    held_out = parameters[n_fitted:]
    used = (held_out[:, 0] > 4200) & (held_out[:, 0] < 6500)
    used &= (held_out[:, 1] > 1) & (held_out[:, 1] < 5)
    used &= (held_out[:, 2] > -3) & (held_out[:, 2] < 0.5)
    error = predict(polynomial, held_out) - temperature[n_fitted:]
    return np.sqrt((error[used] ** 2).mean(0))


if __name__ == "__main__":
    rms = distil(*sys.argv[1:3])
    for lg_tau, error in zip(LG_TAU[::8], rms[::8], strict=True):
        sys.stdout.write(f"lg tau {lg_tau:4.1f}: rms {error:.1f} K\n")
