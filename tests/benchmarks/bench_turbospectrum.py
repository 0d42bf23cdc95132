"""The synthesiser beside Turbospectrum: how far the fluxes of six stars differ.

On given structures (T and Pe fixed), and through the whole chain for the MARCS star.
Bars as in ``tests/test_synthesis_turbospectrum.py``.
"""

import sys

import numpy as np
import torch

from stellar_gui.synthesis import Synthesiser
from tests.turbospectrum import STARS, reference_star

BARS = {"given structure": (0.001, 0.006), "whole chain": (0.004, np.inf)}


def differences(synthesiser, name, **changes) -> tuple[float, float]:
    """Return rms and largest difference in normalised flux of one star."""
    star = reference_star(name)
    with torch.no_grad():
        flux = synthesiser.flux(star.labels, log_eps=star.log_eps, **changes)
    difference = flux[0].numpy() - star.flux
    return float(np.sqrt(np.mean(difference**2))), float(np.abs(difference).max())


def main() -> None:
    """Print the differences; exit with a sentence where a bar is missed."""
    synthesiser, missed = Synthesiser(), []
    cases = [(name, "given structure") for name in STARS] + [(STARS[-1], "whole chain")]
    for name, case in cases:
        given = {"structure": reference_star(name).structure}
        changes = given if case == "given structure" else {}
        rms, largest = differences(synthesiser, name, **changes)
        print(f"{name:15s} {case:15s} rms {rms:.5f}, largest {largest:.4f}")
        if rms > BARS[case][0] or largest > BARS[case][1]:
            missed.append(f"{name}, {case}")
    if missed:
        sys.exit(f"beyond the bar: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
