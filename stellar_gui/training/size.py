"""Size: how many numbers a training learns, and about how much memory it takes.

Told before a run begins, of its settings and of how large its data are; nothing is read
and nothing is built. Parameters are exact. Memory is an estimate, counted from the
arrays that live at once: within a factor of two of what processes on a CPU took.
Imports no torch, so that a form answers at once; Cycle-StarNet's, whose networks
decide, is in `cycle_size`.
"""

from collections.abc import Mapping
from math import comb
from typing import Any, NamedTuple

SINGLE, DOUBLE = 4, 8  # bytes
PROGRAM = 3.1e8  # bytes: Python with torch, before anything is read
_COPIES = 5  # of the spectra, at most at once: read, checked, on the device, prepared
_TRAINED = 4  # of each parameter: itself, its gradient, two moments of the optimiser
_SAVED = 3  # of each parameter, in the copy that becomes a checkpoint
_BLOCK = 512  # pixels whose matrices the Cannon inverts together
_INVERTED = 4  # of these matrices: normal, factor, inverse, and their product
_PRODUCTS = 3  # of the Cannon's products of terms: the factors, and what they make
_GRAM = 4  # of the Payne's Gram matrix: itself and what finds its vectors
_KERNELS = 8  # of the teacher's kernel: itself, distances, factor
_LIKELY = 60  # of that of the stars whose likelihood it takes, with gradients
SUBSET = 600  # such stars at most


class DataSize(NamedTuple):
    """How large the spectra are that a run is trained on."""

    n_training: int
    n_validation: int
    n_pixels: int
    n_labels: int

    @property
    def bytes(self) -> float:
        """Flux and ivar of all stars that train or validate."""
        n_stars = self.n_training + self.n_validation
        return 2 * SINGLE * n_stars * self.n_pixels


class Size(NamedTuple):
    """What a training learns and takes, memory in bytes."""

    parameters: int
    data: float  # spectra, with the copies that are made of them
    weights: float  # with gradients, the optimiser's state, and a checkpoint's copy
    step: float  # what the largest step, or validation, computes with

    @property
    def memory(self) -> float:
        """All of it, the program too."""
        return PROGRAM + self.data + self.weights + self.step


def data_bytes(data: DataSize) -> float:
    """Memory of the spectra where most copies of them exist at once."""
    return _COPIES * data.bytes


def weight_bytes(parameters: int) -> float:
    """Memory of single-precision weights that Adam trains, while they are saved."""
    return (_TRAINED + _SAVED) * SINGLE * parameters


def cannon_size(options: Mapping[str, Any], data: DataSize) -> Size:
    """Coefficients and scatter of every pixel; `options` as in `training.options`.

    >>> cannon_size({"order": 2}, DataSize(100, 10, 1000, 3)).parameters
    11000
    """
    n_labels, order = _n_labels(options, data), options["order"]
    n_terms = comb(n_labels + order, order)
    n_products = comb(n_labels + 2 * order, 2 * order)
    parameters = data.n_pixels * (n_terms + 1)
    matrices = _INVERTED * min(_BLOCK, data.n_pixels) * n_terms**2
    products = _PRODUCTS * data.n_training * n_products
    return Size(
        parameters,
        data_bytes(data),
        2 * DOUBLE * parameters,  # and a checkpoint's copy; no gradients
        DOUBLE * (matrices + products),
    )


def payne_size(options: Mapping[str, Any], data: DataSize) -> Size:
    """Weights of the network, whose outputs are components while it learns.

    >>> options = {"hidden": 300, "components": 150, "taught": 0, "batch_size": 128}
    >>> payne_size(options, DataSize(1000, 100, 2000, 25)).parameters
    143250
    """
    n_labels, n_hidden = _n_labels(options, data), options["hidden"]
    n_stars, n_pixels = data.n_training, data.n_pixels
    n_out = min(options["components"], n_stars, n_pixels)
    layers = [(n_labels, n_hidden), (n_hidden, n_hidden), (n_hidden, n_out)]
    parameters = sum((n_in + 1) * n_out for n_in, n_out in layers)
    gram = _GRAM * min(n_stars, n_pixels) ** 2
    kernels = _KERNELS * n_stars**2 + _LIKELY * min(n_stars, SUBSET) ** 2
    lesson = 2 * (options["taught"] + 2 * n_stars) * (n_labels + n_out)
    taught = DOUBLE * kernels + SINGLE * lesson if options["taught"] else 0
    step = max(DOUBLE * gram, taught)
    return Size(parameters, data_bytes(data), weight_bytes(parameters), step)


def _n_labels(options, data):
    return len(options.get("labels") or ()) or data.n_labels


SIZES = {"cannon": cannon_size, "payne": payne_size}
"""Method -> its size, of options with their defaults and the size of the data."""
