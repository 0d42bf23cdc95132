"""Contents of a file that a user opens: spectra made ready for the models, or a model.

No Panel here; nothing is changed, so that it can be done in any thread.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stellar_gui.library import MODEL_SUFFIX
from stellar_gui.spectra import Spectra

if TYPE_CHECKING:
    from stellar_gui.models.base import SpectralModel


_ASSUMED = (
    "the file does not say, so it is assumed: {}. If one of these is wrong, say it in "
    "an ECSV table (units, and medium or normalised in its meta), or read the file "
    "with read_spectra() and its options."
)


class Contents(NamedTuple):
    """What a file holds: either spectra or a model."""

    spectra: Spectra | None
    model: "SpectralModel | None"
    notes: tuple[str, ...] = ()  # what was done to the spectra
    warnings: tuple[str, ...] = ()  # what to know before they are fitted


def read_contents(path: str | Path, models: Iterable["SpectralModel"] = ()) -> Contents:
    """Read a file and make its spectra ready for ``models``.

    A stored survey stays as it is. Raises ValueError or OSError with a sentence.
    """
    path = Path(path)
    if path.suffix == MODEL_SUFFIX:
        from stellar_gui.models import load_model

        return Contents(None, load_model(path))
    from stellar_gui.analysis.preflight import OK, preflight
    from stellar_gui.fitting.prepare import prepare
    from stellar_gui.io import read_spectra

    spectra, notes = read_spectra(path), []
    if isinstance(spectra.flux, np.ndarray):
        spectra, notes = prepare(spectra, models)
    found = preflight(spectra)
    warnings = [f.sentence for f in found if f.kind != OK and f.topic != "assumed"]
    assumed = spectra.metadata.get("assumed", ())
    if assumed:
        warnings.append(_ASSUMED.format("; ".join(assumed)))
    return Contents(spectra, None, tuple(notes), tuple(warnings))
