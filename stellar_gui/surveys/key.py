"""Keys: what was fitted by what and how, as one word that names a folder.

A fit is found again by the content of spectra and model. Change one pixel, or one
weight, and it is another survey.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from stellar_gui.spectra import Spectra

_BLOCK = 256  # stars read at a time
_FORMAT = 3  # of the files of a survey: others are not read


def data_fingerprint(spectra: Spectra, rows) -> str:
    """Return a hash of the ids and of all that a fit reads of some stars, in order.

    rows (n_stars,). Reads every pixel: 5000 stars take seconds.
    """
    digest = hashlib.blake2b(digest_size=16)
    about = f"{spectra.medium} {spectra.normalised} {spectra.resolution}"
    digest.update(about.encode())
    digest.update(np.ascontiguousarray(spectra.wavelength))
    rows = np.asarray(rows, dtype=int)
    for start in range(0, len(rows), _BLOCK):
        stars = spectra[rows[start : start + _BLOCK]]
        digest.update("\n".join(stars.ids).encode())
        digest.update(np.ascontiguousarray(stars.flux))
        digest.update(np.ascontiguousarray(stars.ivar))
    return digest.hexdigest()


def survey_key(data: str, model: str, options: Mapping[str, Any]) -> str:
    """Return the name of the folder of a survey from fingerprints and fit options."""
    text = json.dumps([_FORMAT, data, model, dict(options)], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
