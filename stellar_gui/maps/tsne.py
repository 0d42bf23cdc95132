"""t-SNE by openTSNE: laid out once, and points placed into it later.

van der Maaten & Hinton (2008); Poličar, Stražar & Zupan (2024, J. Stat. Softw. 109, 3).
Begins at the principal components: the same map for the same seed. Exact neighbours,
one thread.
"""

from collections.abc import Callable

import numpy as np

from stellar_gui.maps.settings import MapSettings

_EVERY = 25  # iterations between two reports
_NEAREST = 25  # points whose positions a new point begins among
_PLACING = {"perplexity": 5.0, "n_iter": 250}


def lay_out(
    points, settings: MapSettings, report: Callable[[int], None] | None = None
) -> np.ndarray:
    """Return positions (n_points, 2) of points (n_points, n), centred on their box.

    report(iterations) is called now and then; what it raises ends the work.
    """
    import openTSNE

    def tell(iteration, _error, _embedding):
        report(begun + iteration)

    told = {"callbacks": tell, "callbacks_every_iters": _EVERY} if report else {}
    embedding = openTSNE.TSNEEmbedding(
        openTSNE.initialization.rescale(np.array(points[:, :2], dtype=float)),
        _affinities(points, settings),
        negative_gradient_method="auto",
        random_state=settings.seed,
        n_jobs=1,
        **told,
    )
    begun = 0
    phases = (
        (settings.early_iterations, settings.early_exaggeration, 0.5),
        (settings.iterations, 1.0, 0.8),
    )
    for iterations, exaggeration, momentum in phases:
        embedding.optimize(
            iterations,
            exaggeration=exaggeration,
            momentum=momentum,
            learning_rate=settings.learning_rate,
            inplace=True,
        )
        begun += iterations
    if report:
        report(begun)
    positions = np.asarray(embedding, dtype=float)
    return positions - (positions.max(axis=0) + positions.min(axis=0)) / 2


def placer(points, positions, settings: MapSettings):
    """Return a function that places new points (m, n) among old ones, (m, 2).

    points (n_points, n) and their positions (n_points, 2), which stay where they are:
    each new point moves alone.
    """
    import openTSNE

    embedding = openTSNE.TSNEEmbedding(
        np.array(positions, dtype=float),
        _affinities(points, settings),
        random_state=settings.seed,
        n_jobs=1,
    )

    def place(new):
        placed = embedding.transform(
            np.asarray(new, dtype=float), k=min(_NEAREST, len(points)), **_PLACING
        )
        return np.asarray(placed, dtype=float)

    return place


def _affinities(points, settings):
    from openTSNE.affinity import PerplexityBasedNN

    # openTSNE lowers it by itself where points are few, with a warning in its log
    perplexity = settings.perplexity_of(len(points))
    return PerplexityBasedNN(
        np.asarray(points, dtype=float),
        perplexity=perplexity,
        method="exact",
        n_jobs=1,
        random_state=settings.seed,
    )
