"""Statistics that every layer may use. Imports nothing of the project."""

import numpy as np

_MAD_TO_STD = 1.4826  # of a Gaussian: standard deviation / median absolute deviation


def robust_std(values, centre: float | None = None) -> float:
    """Return 1.4826 times the median absolute deviation of all finite values.

    The standard deviation of a Gaussian, which outliers hardly move. centre: what
    deviations count from, the median if None. In the unit of the values; NaN if none
    is finite.

    >>> round(robust_std([-1.0, 0.0, 1.0, 99.0, np.nan]), 4)
    1.4826
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not values.size:
        return float("nan")
    centre = np.median(values) if centre is None else centre
    return _MAD_TO_STD * float(np.median(np.abs(values - centre)))
