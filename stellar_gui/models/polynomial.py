"""Polynomials of the labels: the Cannon's terms, by name, with their derivatives.

Terms are ordered as in Ness et al. (2015): 1, every label, every product of two, every
product of three. Labels come scaled; this module knows no units and no spectra.
"""

import itertools
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

_SUPERSCRIPT = {1: "", 2: "²", 3: "³"}


@dataclass(frozen=True)
class Polynomial:
    """All products of up to ``order`` of ``n_labels`` labels, the constant included.

    Raises ValueError for an order other than 1, 2 or 3.

    >>> Polynomial(2, order=2).term_names(("teff", "logg"))
    ('1', 'teff', 'logg', 'teff²', 'teff·logg', 'logg²')
    >>> Polynomial(2, order=2).terms(torch.tensor([[2.0, 3.0]]))
    tensor([[1., 2., 3., 4., 6., 9.]])
    """

    n_labels: int
    order: int

    def __post_init__(self):
        if self.order not in (1, 2, 3):
            raise ValueError(
                f"order is {self.order!r}, expected 1, 2 or 3: linear, quadratic or "
                "cubic in the labels"
            )
        if self.n_labels < 1:
            raise ValueError(f"n_labels is {self.n_labels}, expected at least 1")

    @cached_property
    def factors(self) -> Tensor:
        """(n_terms, order): which labels a term multiplies, from 1; 0 stands for 1.

        Every term is one product of exactly ``order`` factors of (1, labels), so that
        terms and derivatives need no powers and no loop over terms.
        """
        labels = range(1, self.n_labels + 1)
        rows = [
            (0,) * (self.order - degree) + product
            for degree in range(self.order + 1)
            for product in itertools.combinations_with_replacement(labels, degree)
        ]
        return torch.tensor(rows)

    @property
    def n_terms(self) -> int:
        return len(self.factors)

    def term_names(self, label_names) -> tuple[str, ...]:
        """Return the terms as text: "1", "teff", "teff·logg", "teff²", ..."""
        if len(label_names) != self.n_labels:
            raise ValueError(
                f"got {len(label_names)} label names, expected {self.n_labels}"
            )
        return tuple(
            "·".join(
                f"{label_names[i - 1]}{_SUPERSCRIPT[power]}"
                for i, power in Counter(row).items()
                if i
            )
            or "1"
            for row in self.factors.tolist()
        )

    def terms(self, labels_scaled: Tensor) -> Tensor:
        """(n_stars, n_labels) -> (n_stars, n_terms), differentiable."""
        with_one = _with_one(labels_scaled)
        value = with_one[:, self.factors[:, 0]]
        for slot in range(1, self.order):
            value = value * with_one[:, self.factors[:, slot]]
        return value

    def derivatives(self, labels_scaled: Tensor) -> Tensor:
        """(n_stars, n_labels) -> (n_stars, n_terms, n_labels), d term / d label."""
        with_one = _with_one(labels_scaled)
        total = 0.0
        for slot in range(self.order):
            others = [s for s in range(self.order) if s != slot]
            rest = torch.ones((), dtype=with_one.dtype, device=with_one.device)
            for other in others:
                rest = rest * with_one[:, self.factors[:, other]]
            rest = rest.expand(len(with_one), self.n_terms)
            # (n_stars, n_terms, 1) * (n_terms, n_labels)
            total = total + rest[:, :, None] * self._selects[slot].to(with_one)
        return total

    @cached_property
    def _selects(self) -> Tensor:
        """(order, n_terms, n_labels): 1 where the factor in a slot is that label."""
        labels = torch.arange(1, self.n_labels + 1)
        return (self.factors.T[:, :, None] == labels).double()

    @cached_property
    def products(self) -> tuple[Tensor, Tensor]:
        """The distinct products of two terms: n_terms**2 pairs are few monomials.

        Returns index (n_terms, n_terms), the monomial of each pair of terms, and pairs
        (n_monomials, 2), one pair that makes each: 70 instead of 225 for four labels
        at order 2.
        """
        counts = torch.nn.functional.one_hot(self.factors, self.n_labels + 1).sum(1)
        exponents = counts[:, 1:].numpy()  # (n_terms, n_labels)
        sums = (exponents[:, None] + exponents[None]).reshape(-1, self.n_labels)
        _, first, index = np.unique(
            sums, axis=0, return_index=True, return_inverse=True
        )
        shape = (self.n_terms, self.n_terms)
        pairs = np.stack(np.unravel_index(first, shape), axis=1)
        return torch.from_numpy(index.reshape(shape)), torch.from_numpy(pairs)


def _with_one(labels_scaled: Tensor) -> Tensor:
    """(n_stars, n_labels) -> (n_stars, 1 + n_labels): a column of ones before."""
    return torch.nn.functional.pad(labels_scaled, (1, 0), value=1.0)
