"""MaskedWindow: wavelengths that a user leaves out, as text for an address."""

import math
import re
from dataclasses import dataclass

_EXPECTED = "expected low-high in Å such as 6438.68-6439.46, or Ca:6438.68-6439.46"
_TEXT = re.compile(r"(?:([A-Z][a-z]?):)?([0-9.]+)-([0-9.]+)")


@dataclass(frozen=True)
class MaskedWindow:
    """Wavelengths from ``low`` to ``high``, Angstrom, as a line of ``element`` or "".

    Kept to the hundredth. Raises ValueError where low is not below high, both above 0.

    >>> masked = MaskedWindow("Ca", 6438.683, 6439.456)
    >>> str(masked), MaskedWindow.parse(str(masked)) == masked
    ('Ca:6438.68-6439.46', True)
    >>> masked.holds(6439.0), round(masked.middle, 2)
    (True, 6439.07)
    """

    element: str
    low: float
    high: float

    def __init__(self, element: str, low: float, high: float):
        low, high = round(float(low), 2), round(float(high), 2)
        if not (math.isfinite(high) and 0 < low < high):
            raise ValueError(f"masked is {low:g}-{high:g}, {_EXPECTED}")
        object.__setattr__(self, "element", element)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @classmethod
    def parse(cls, text: str) -> "MaskedWindow":
        """Read what `str` wrote. Raises ValueError for anything else."""
        found = _TEXT.fullmatch(text)
        try:
            element, low, high = found.groups()
            return cls(element or "", float(low), float(high))
        except (AttributeError, ValueError):
            raise ValueError(f"masked is {text[:60]!r}, {_EXPECTED}") from None

    def __str__(self):
        name = f"{self.element}:" if self.element else ""
        return f"{name}{self.low:.2f}-{self.high:.2f}"

    @property
    def middle(self) -> float:
        """The wavelength in the middle, Angstrom."""
        return (self.low + self.high) / 2

    def holds(self, wavelength):
        """Whether wavelengths, Angstrom, lie inside: bool, or an array of them."""
        return (wavelength >= self.low) & (wavelength <= self.high)
