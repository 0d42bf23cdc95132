"""Maps of both domains: synthetic and observed stars laid out in two dimensions.

Three maps as the argument of a transfer runs (O'Briain et al. 2021, figure 2): ``raw``,
physics beside observations; ``latents``, the ``z_shared`` of both; ``transferred``, the
synthetic spectra carried over beside the observations. Each is computed once, in a
process of its own, kept under a fingerprint of the model, the stars and the settings,
and never moved again: a new star is placed into it.

- `MapSettings`: what the user may choose; ``words`` says it in one line.
- `MapRequest(model, spectra, settings)`: what is asked for. ``fingerprint`` is quick;
  ``sets`` (`DomainSets`: the stars, their spectra, latents and notes) takes about a
  second, so ask for it in the background.
- `Maps()`: ``cached(request)`` -> `DomainMaps` or None; ``start(request)`` -> `Job`;
  ``compute(request)`` at once, for a PCA.
- `DomainMaps`: a mapping from a space to its `DomainMap`: ``map_id`` (for a `Lasso`),
  ``points`` (n, 2), ``domain`` and ``ids`` (n,), ``mixing``, ``place(new)`` -> (m, 2).

Imports no openTSNE before a map is computed or a star placed: that takes seconds.
"""

from stellar_gui.maps.settings import MapSettings

SPACES = ("raw", "latents", "transferred")

__all__ = ["SPACES", "MapSettings"]
