"""Maps by principal components: what t-SNE begins with, and at once by themselves."""

from dataclasses import replace

import numpy as np

from stellar_gui.analysis.mixing import domain_mixing
from stellar_gui.maps.map import DomainMap, DomainMaps, fingerprint_of, map_id
from stellar_gui.maps.reduction import reduction_of
from stellar_gui.maps.settings import MapSettings
from stellar_gui.maps.spaces import DomainSets


def principal_maps(sets: DomainSets, source: str, settings: MapSettings) -> DomainMaps:
    """Reduce and judge the sets: maps of their two leading principal components.

    Spectra in their leading components; latents are few, and keep all of theirs.
    """
    settings = replace(settings, method="pca")
    fingerprint = fingerprint_of(source, settings)
    maps = {}
    for space in settings.spaces:
        synth, obs = sets.pair(space, settings.augmentation, settings.seed)
        points = np.concatenate([synth, obs])
        reduction = reduction_of(
            points, None if space == "latents" else settings.n_components
        )
        reduced, n = reduction(points), len(synth)
        maps[space] = DomainMap(
            map_id=map_id(fingerprint, space),
            space=space,
            settings=settings,
            ids=sets.ids,
            domain=sets.domain,
            points=reduced[:, :2].astype(float),
            reduced=reduced,
            reduction=reduction,
            mixing=domain_mixing(reduced[:n], reduced[n:], seed=settings.seed),
        )
    return DomainMaps(source, settings, maps, sets.notes, sets.left_out)
