"""A cache of fits that can never show a fit of other data or of another model.

The key is the content of both: the weights of the model and the pixels of the star.
Change one pixel and the key is another one. Shared by all sessions of a server.
"""

import hashlib
import threading
import uuid
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from stellar_gui.fitting.result import FitResult
from stellar_gui.spectra import Spectra

_FIXED = 2_000  # bytes of a fit besides flux and its sigma


class Outcome(NamedTuple):
    """What came of a fit: the result, or the sentence that says why there is none."""

    result: FitResult | None
    sentence: str | None


class FitCache:
    """Outcomes by the content that was fitted; the least used go first when full.

    Every method may be called from any thread.

    >>> cache = FitCache(max_bytes=1_000_000)
    >>> cache.put("key", Outcome(None, "no loaded model covers 3000 Å"))
    >>> cache.get("key").sentence, cache.get("other")
    ('no loaded model covers 3000 Å', None)
    """

    def __init__(self, max_bytes: int = 256_000_000):
        self.max_bytes = max_bytes
        self.background = threading.Lock()  # held by who fits ahead: one at a time
        self._lock = threading.Lock()
        self._outcomes: OrderedDict[str, Outcome] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._outcomes)

    def capacity(self, n_pixels: int) -> int:
        """Return how many fits of stars with ``n_pixels`` pixels find room."""
        return self.max_bytes // (_FIXED + 2 * 8 * n_pixels)

    def get(self, key: str) -> Outcome | None:
        """Return the outcome kept under ``key``, or None."""
        with self._lock:
            if key in self._outcomes:
                self._outcomes.move_to_end(key)
            return self._outcomes.get(key)

    def put(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome, dropping the least used ones beyond ``max_bytes``."""
        with self._lock:
            if key in self._outcomes:
                self._bytes -= _size(self._outcomes.pop(key))
            self._outcomes[key] = outcome
            self._bytes += _size(outcome)
            while self._bytes > self.max_bytes and len(self._outcomes) > 1:
                _, dropped = self._outcomes.popitem(last=False)
                self._bytes -= _size(dropped)


def _size(outcome):
    result = outcome.result
    if result is None:
        return 500
    return _FIXED + result.model_flux.nbytes + result.model_sigma.nbytes


def model_fingerprint(model) -> str:
    """Hash of a model's weights and header; a model without either is unique."""
    if not (hasattr(model, "to_tensors") and hasattr(model, "header")):
        return uuid.uuid4().hex
    header = model.header() if callable(model.header) else model.header
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(sorted(header.items())).encode())
    for name, tensor in sorted(model.to_tensors().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().numpy()))
    return digest.hexdigest()


def star_fingerprint(star: Spectra) -> str:
    """Hash of all that a fit reads of a container of one star."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{star.medium} {star.normalised} {star.resolution}".encode())
    for array in (star.wavelength, star.flux, star.ivar):
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()
