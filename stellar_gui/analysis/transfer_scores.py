"""All scores of a transferred model on observed stars, as one table.

Each beside its trivial baseline and its ceiling. Without the truth only what a user of
real spectra can know is scored: none of that tells whether zero points are right.
Deterministic for a seed: the same model and stars give the same table.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from stellar_gui.analysis import latents as lat
from stellar_gui.analysis.attribution import derivative_errors
from stellar_gui.analysis.ceilings import NuisanceErrors, nuisance_errors, true_flux
from stellar_gui.analysis.derivatives import jacobian
from stellar_gui.analysis.domains import draw_domains
from stellar_gui.analysis.leakage import label_leakage
from stellar_gui.analysis.mixing import domain_mixing
from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.analysis.score_meanings import CLEAR, KNOWING, near_ceiling, score_row
from stellar_gui.analysis.scores import BAD, OK, WARN, ScoreTable, judged
from stellar_gui.analysis.transfer_gap import gap_closed, transfer_errors
from stellar_gui.fitting import fit_labels
from stellar_gui.fitting.result import FitResult
from stellar_gui.labels import to_x_fe
from stellar_gui.spectra import Spectra
from stellar_gui.synthesis.truth import Truth

COMPONENTS = 15  # of spectra, before their neighbours are looked for
_APART = 0.42  # mixing below which a critic that is always right means something
_DIFFERENTIATED = 16  # stars
_MIXED = 1500  # of each domain, at most: neighbours of more say the same
_LOST_MEAN = 0.0575  # |mean z-score| beyond the noise floor, added in quadrature


class ZscoreFigures(NamedTuple):
    """z-scores of best fits: pixels that are wrong in all stars, and the width."""

    mean: float  # mean over pixels of |mean over stars|
    floor: float  # what noise alone gives for the same number of stars
    std: float  # over all good pixels of all stars


def score_transfer(
    model,
    spectra: Spectra,
    truth: Truth | None = None,
    *,
    fits: Mapping[str, FitResult] | None = None,
    ceilings: NuisanceErrors | None = None,
    ceiling_stars: int = 100,
    critic_accuracy: Mapping[str, float] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    **fit_options,
) -> ScoreTable:
    """Score a transferred model on observed test stars.

    model: on the CPU. truth: of a survey that contains these stars, or None. fits: of
    these stars, through "emulator" and "transfer"; made here, with fit_options, where
    they are None.
    ceilings: those of these stars, if they were synthesised before; else
    ``ceiling_stars`` stars are synthesised, which ``progress`` (done, total) follows.
    critic_accuracy: by domain; the critics live with the training run, which knows it.

    Raises ValueError if the spectra are not on the model's pixels, the truth lacks one
    of the stars, or the ceilings are of more stars than these.
    """
    if fits is None:
        models = {"emulator": model.emulator, "transfer": model}
        fits = {n: fit_labels(m, spectra, **fit_options) for n, m in models.items()}
    conditions: dict[str, Any] = {"n_stars": len(spectra), "seed": seed}
    rows, labels = [], fits["transfer"].labels
    if truth is not None:
        truth = truth_of(truth, spectra)
        labels = truth.spectra.with_labels(model.label_names).labels
        if ceilings is None:
            ceilings = nuisance_errors(
                truth,
                model.label_names,
                n_stars=ceiling_stars,
                seed=seed,
                progress=progress,
            )
        rows += _gap_rows(model, spectra, truth, labels, ceilings, seed)
        conditions["ceilings"] = ceilings.to_plain()
    known = np.isfinite(labels).all(axis=1)  # a star without a good pixel has no fit
    pairs = lat.make_pairs(model, spectra[known], labels[known])
    rows += _mixing_rows(model, spectra, seed)
    rows += _leak_rows(pairs, labels[known], model.label_names, rows, seed)
    rows += _zscore_rows(spectra, fits)
    rows.append(_derivative_row(model, labels[known]))
    rows += _pair_rows(pairs, spectra[known], truth)
    if critic_accuracy is not None:
        rows += _critic_rows(critic_accuracy, rows)
        conditions["critic_accuracy"] = dict(critic_accuracy)
    return ScoreTable(tuple(rows), conditions)


def truth_of(truth: Truth, spectra: Spectra) -> Truth:
    """Return the truth of just these stars, found by their ids.

    Raises ValueError if one is not there.
    """
    place = {star: row for row, star in enumerate(truth.spectra.ids)}
    lost = [star for star in spectra.ids if star not in place]
    if lost:
        raise ValueError(
            f"the truth knows nothing of {len(lost)} of {len(spectra)} stars, such as "
            f"{lost[0]}; expected the truth of the survey that the spectra are from"
        )
    return truth._replace(spectra=truth.spectra[[place[star] for star in spectra.ids]])


def zscore_figures(spectra: Spectra, model_flux) -> ZscoreFigures:
    """Sum up z-scores of best fits, model_flux (n_stars, n_pixels).

    Against the photon noise alone: a model cannot hide behind an error of its own. The
    floor is sqrt(2 / (pi n)) for n stars of unit z-scores.
    """
    zscore = residual_zscore(spectra.flux, spectra.ivar, model_flux)
    count = np.isfinite(zscore).sum(axis=0)
    seen = count > 0
    mean = np.nansum(zscore[:, seen], axis=0) / count[seen]
    return ZscoreFigures(
        mean=float(np.abs(mean).mean()),
        floor=float(np.sqrt(2 / (np.pi * count[seen])).mean()),
        std=float(np.nanstd(zscore)),
    )


def _gap_rows(model, spectra, truth, labels, ceilings, seed):
    errors = transfer_errors(model, spectra, labels, true_flux(truth), seed)
    closed = lambda error: gap_closed(error, errors.emulator, seed)  # noqa: E731
    if len(ceilings.mean) > len(spectra):
        raise ValueError(
            f"the ceilings are of {len(ceilings.mean)} stars, expected the first of "
            f"these {len(spectra)}. Leave them out, to synthesise those stars anew."
        )
    few = slice(len(ceilings.mean))  # stars that were synthesised
    of_few = lambda error: gap_closed(error[few], errors.emulator[few]).value  # noqa: E731
    ceiling = {name: of_few(error) for name, error in ceilings._asdict().items()}
    shift, swapped = closed(errors.shifted).value, of_few(errors.swapped)
    ranges = {name: near_ceiling(c) for name, c in ceiling.items()}
    swap_state = judged(swapped, *ranges["swapped"])
    return [
        score_row(
            "gap",
            *closed(errors.own),
            baseline=shift,
            ceiling=1.0,
            healthy=(shift + CLEAR, None),
            usable=(shift, None),
            note="True physics without the star's continuum closes "
            f"{ceiling['no_continuum']:.3f}.",
        ),
        score_row(
            "gap_beyond_shift",
            *gap_closed(errors.own, errors.shifted, seed),
            baseline=0.0,
            ceiling=1.0,
        ),
        score_row(
            "gap_swapped",
            *closed(errors.swapped),
            baseline=shift,
            ceiling=ceiling["swapped"],
            healthy=ranges["swapped"][0],
            state=swap_state,
        ),
        score_row(
            "swap_of_ceiling",
            swapped / ceiling["swapped"],
            ceiling=1.0,
            healthy=(ranges["swapped"][0][0] / ceiling["swapped"], None),
            state=swap_state,
            note=f"Both are of {len(ceilings.mean)} stars.",
        ),
        score_row(
            "gap_mean_split",
            *closed(errors.mean_split),
            baseline=shift,
            ceiling=ceiling["mean"],
            healthy=ranges["mean"][0],
            state=judged(of_few(errors.mean_split), *ranges["mean"]),
        ),
    ]


def _mixing_rows(model, spectra, seed):
    drawn = draw_domains(model, spectra, most=_MIXED, seed=seed)

    def mixed(flux):
        return domain_mixing(flux, drawn.observed, n_components=COMPONENTS, seed=seed)

    z_mixing = domain_mixing(
        *(
            lat.latents(model, torch.tensor(flux, dtype=torch.float32), domain)
            for flux, domain in ((drawn.synth, "synth"), (drawn.observed, "obs"))
        ),
        seed=seed,
    )
    return [
        _mixing_row("mixing_spectra", mixed(drawn.carried), mixed(drawn.noisy).value),
        _mixing_row("mixing_z_shared", z_mixing, None),
    ]


def _mixing_row(key, mixing, baseline):
    return score_row(
        key,
        mixing.value,
        mixing.error,
        baseline=baseline,
        ceiling=0.5,
        note=f"{mixing.shuffled:.3f} with the domains dealt out at random.",
    )


def _leak_rows(pairs, labels, label_names, rows, seed):
    """Abundances count as [X/Fe]: one leak of metals would count with every [X/H]."""
    if "fe_h" in label_names:
        labels, _, label_names = to_x_fe(labels, None, label_names)
    leak = label_leakage(pairs.split_obs, labels, label_names, seed)
    name, largest = leak.largest
    sound = any(row.key == "gap_swapped" and row.state == OK for row in rows)
    return [
        score_row("leak_mean", leak.mean, baseline=0.0),
        score_row(
            "leak_max",
            largest,
            baseline=0.0,
            state=OK if sound else None,
            note=f"Here z_split knows {name} best.",
        ),
    ]


def _zscore_rows(spectra, fits):
    plain, carried = (
        zscore_figures(spectra, fits[name].model_flux)
        for name in ("emulator", "transfer")
    )
    return [
        score_row(
            "zscore_mean",
            carried.mean,
            baseline=plain.mean,
            ceiling=carried.floor,
            healthy=(None, float(np.hypot(carried.floor, _LOST_MEAN))),
            usable=(None, plain.mean),
        ),
        score_row(
            "zscore_std",
            carried.std,
            baseline=plain.std,
            ceiling=1.0,
            usable=(0.7, plain.std),
        ),
    ]


def _derivative_row(model, labels):
    """Stars spread over the set; z_split at its mean."""
    rows = np.linspace(0, len(labels) - 1, min(len(labels), _DIFFERENTIATED)).astype(
        int
    )
    some = torch.tensor(np.asarray(labels)[rows])
    with torch.no_grad():
        carried = jacobian(model, some).numpy(force=True)
        plain = jacobian(model.emulator, some - model.offsets).numpy(force=True)
    changed = derivative_errors(carried, plain, model.label_names)
    single = changed.pop("x_fe", float(np.median(list(changed.values()))))
    return score_row("derivatives", single, baseline=0.0)


def _pair_rows(pairs, spectra, truth):
    """The validation scores of the paper, and two that tell of failed runs."""
    ivar = np.where(spectra.good, spectra.ivar, 0.0)
    to_obs = lambda flux: lat.distance(pairs.obs, flux, ivar)  # noqa: E731
    to_synth = lambda flux: lat.distance(flux, pairs.synth, ivar)  # noqa: E731
    differences = lat.latent_differences(pairs)._asdict().items()
    related = lat.relative_difference(pairs.z_synth, pairs.z_obs)
    spread = lat.spread_ratio(pairs.synth_to_obs, pairs.obs_to_obs)
    return [
        score_row(
            "distance_synth_to_obs",
            to_obs(pairs.synth_to_obs),
            baseline=to_obs(pairs.synth),
            ceiling=None if truth is None else to_obs(true_flux(truth)),
        ),
        score_row(
            "distance_obs_to_synth",
            to_synth(pairs.obs_to_synth),
            baseline=to_synth(pairs.obs),
        ),
        *(score_row(f"latent_{n}", value, ceiling=0.0) for n, value in differences),
        score_row("pairs_z_shared", related, ceiling=0.0),
        score_row("spread_ratio", spread, ceiling=1.0),
    ]


def _critic_rows(accuracy, rows):
    """A critic that is always right is fatal only where the domains lie apart."""
    mixed = min(row.value for row in rows if row.key.startswith("mixing"))
    found = []
    for domain, value in accuracy.items():
        apart = value > KNOWING and mixed < _APART
        state = BAD if value > 0.9 and mixed < 0.3 else WARN if apart else OK
        key = f"critic_accuracy_{domain}"
        found.append(score_row(key, value, ceiling=0.5, state=state))
    return found
