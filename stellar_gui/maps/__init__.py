"""Maps of both domains: synthetic and observed stars laid out in two dimensions.

Three maps as the argument of a transfer runs (O'Briain et al. 2021, figure 2): ``raw``,
physics beside observations; ``latents``, the ``z_shared`` of both; ``transferred``, the
synthetic spectra carried over beside the observations. Each is computed once, in a
process of its own, kept under a fingerprint of the model, the stars and the settings,
and never moved again: a new star is placed into it.

- `settings.MapSettings`: what the user may choose; ``words`` says it in one line.
- `request.MapRequest(model, survey, settings)`: what is asked for; ``sets`` are the
  stars of both domains (`spaces.DomainSets`), their spectra and latents.
- `store.Maps()`: ``cached(request)``, ``start(request)`` -> `jobs.Job`,
  ``compute(request)`` for a PCA at once.
- `map.DomainMaps`: a mapping from a space to its `map.DomainMap`, which has ``points``,
  ``mixing`` and ``place``; `spaces.star_points` is what a new star is placed by.

What is imported here is light; `request` and `spaces` import torch, and laying out and
placing openTSNE, which both take seconds.
"""

from stellar_gui.maps.settings import METHODS, SPACES, MapSettings

__all__ = ["METHODS", "SPACES", "MapSettings"]
