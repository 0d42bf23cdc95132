"""How far labels lie from the truth, label by label, for several fits side by side.

Abundances are compared as [X/Fe], whatever they were fitted as. Each fit stands beside
one of them, the reference, as the ratio of their rms: whether labels improve is said by
this table and by nothing else. Plain arrays; fits nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stellar_gui.labels import describe, to_x_fe

ZERO_POINTS = (
    "Unpaired data cannot set zero points: those of labels found through the transfer "
    "are those of the assumed label distribution, or of the anchor stars. A wrong zero "
    "point moves no score that real data can show."
)


class LabelErrors(NamedTuple):
    """Errors of one fit, (n_labels,) each, in the units of the labels.

    rms² = bias² + sd²; bias is fitted minus true.
    """

    label_names: tuple[str, ...]
    rms: np.ndarray
    bias: np.ndarray
    sd: np.ndarray
    n_stars: int  # those with a fit and a true value of every label

    def of(self, names: Sequence[str]) -> "LabelErrors":
        """The errors of some labels, in the order of ``names``."""
        at = [self.label_names.index(name) for name in names]
        return LabelErrors(
            tuple(names), self.rms[at], self.bias[at], self.sd[at], self.n_stars
        )


class Comparison(NamedTuple):
    """One fit against the reference fit, by ratios of rms: less than 1 is better."""

    ratio: np.ndarray  # (n_labels,)
    n_better: int
    median: float
    worst: tuple[str, float]


def label_errors(labels, true_labels, label_names: Sequence[str]) -> LabelErrors:
    """Return the errors of labels against the truth, (n_stars, n_labels) each.

    [X/H] becomes [X/Fe] where iron is one of the labels. Stars with a label that is not
    finite do not count; without any star all errors are NaN. Raises ValueError for
    other shapes.
    """
    labels, true = np.asarray(labels, float), np.asarray(true_labels, float)
    if labels.shape != true.shape or labels.shape[1] != len(label_names):
        raise ValueError(
            f"labels have shape {labels.shape} and true labels {true.shape}, expected "
            f"(n_stars, {len(label_names)}) of both: {', '.join(label_names)}"
        )
    names = tuple(label_names)
    wrong = labels - true
    wrong = wrong[np.isfinite(wrong).all(axis=1)]
    if "fe_h" in names:
        wrong, _, names = to_x_fe(wrong, None, names)  # linear: so of differences, too
    if not len(wrong):
        unknown = np.full(len(names), np.nan)
        return LabelErrors(names, unknown, unknown, unknown, 0)
    return LabelErrors(
        names,
        rms=np.sqrt(np.square(wrong).mean(axis=0)),
        bias=wrong.mean(axis=0),
        sd=wrong.std(axis=0),
        n_stars=len(wrong),
    )


def compare(errors: LabelErrors, reference: LabelErrors) -> Comparison:
    """Return the ratios of rms of two fits of the same labels.

    >>> half, one = (label_errors([[x]], [[0.0]], ("teff",)) for x in (20.0, 40.0))
    >>> compare(half, one).worst
    ('teff', 0.5)
    """
    ratio = errors.rms / reference.of(errors.label_names).rms
    worst = int(np.nanargmax(ratio))
    return Comparison(
        ratio,
        n_better=int((ratio < 1).sum()),
        median=float(np.nanmedian(ratio)),
        worst=(errors.label_names[worst], float(ratio[worst])),
    )


def mean_of_abundances(errors: LabelErrors) -> dict[str, float]:
    """Means over all [X/Fe] of rms, |bias| and sd, dex; NaN without any."""
    is_ratio = [name.endswith("_fe") for name in errors.label_names]
    if not any(is_ratio):
        return dict.fromkeys(("rms", "bias", "sd"), np.nan)
    return {
        "rms": float(errors.rms[is_ratio].mean()),
        "bias": float(np.abs(errors.bias[is_ratio]).mean()),
        "sd": float(errors.sd[is_ratio].mean()),
    }


class ErrorTable(NamedTuple):
    """Label errors of several fits, by name, each compared with one of them."""

    errors: dict[str, LabelErrors]
    reference: str

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.errors[self.reference].label_names

    def comparison(self, name: str) -> Comparison:
        """One fit against the reference."""
        return compare(self.errors[name], self.errors[self.reference])

    def of(self, names: Sequence[str]) -> "ErrorTable":
        """The same for some labels, named as fitted ("mg_h") or shown ("mg_fe")."""
        shown = [n for n in self.label_names if n in names or _as_fitted(n) in names]
        return ErrorTable(
            {k: e.of(shown) for k, e in self.errors.items()}, self.reference
        )

    def to_plain(self) -> dict[str, Any]:
        """Return it in values that JSON has."""
        fits = {}
        for name, errors in self.errors.items():
            found = self.comparison(name)
            fits[name] = {
                "rms": errors.rms.tolist(),
                "bias": errors.bias.tolist(),
                "sd": errors.sd.tolist(),
                "n_stars": errors.n_stars,
                "ratio": found.ratio.tolist(),
                "n_better": found.n_better,
                "median_ratio": found.median,
                "worst_ratio": list(found.worst),
                "mean_x_fe": mean_of_abundances(errors),
            }
        return {
            "label_names": list(self.label_names),
            "reference": self.reference,
            "fits": fits,
            "sentence": ZERO_POINTS,
        }

    def lines(self) -> list[str]:
        """Return the table as lines of text: rms (sd) of each label, then ratios."""
        width = max(map(len, self.errors)) + 2
        short = [describe(name).title.strip("[]") for name in self.label_names]
        texts = [" " * width + "".join(f"{t:>14}" for t in [*short, "<[X/Fe]>"])]
        for name, errors in self.errors.items():
            mean = mean_of_abundances(errors)
            cells = [
                f"{rms:.{digits}f} ({sd:.{digits}f})"
                for rms, sd, digits in zip(
                    errors.rms, errors.sd, map(_digits, self.label_names), strict=True
                )
            ]
            cells.append(f"{mean['rms']:.3f} ({mean['sd']:.3f})")
            texts.append(f"{name:<{width}}" + "".join(f"{c:>14}" for c in cells))
        texts += [f"rms and, in brackets, sd; ratios of rms to {self.reference}:"]
        for name in self.errors:
            if name == self.reference:
                continue
            found = self.comparison(name)
            texts.append(
                f"{name:<{width}}median {found.median:.2f}, worst {found.worst[1]:.2f} "
                f"({describe(found.worst[0]).title}), {found.n_better} of "
                f"{len(found.ratio)} better"
            )
        return [*texts, ZERO_POINTS]


def error_table(
    fits: Mapping[str, tuple[Sequence[str], Any]],
    true_labels,
    true_names: Sequence[str],
    reference: str,
) -> ErrorTable:
    """Compare several fits of the same stars with the truth and with one of them.

    fits: name -> (label names, labels (n_stars, n)); true_labels (n_stars, n_true). The
    labels that all of them have are compared, of the stars that all of them could fit.
    Raises ValueError if the reference is not one of the fits.
    """
    if reference not in fits:
        raise ValueError(
            f"the reference {reference!r} is not one of the fits, expected one of "
            f"{', '.join(fits)}"
        )
    own = fits[reference][0]
    names = tuple(
        n for n in own if n in true_names and all(n in f[0] for f in fits.values())
    )
    columns = {name: _columns(labels, n, names) for name, (n, labels) in fits.items()}
    true = _columns(true_labels, true_names, names)
    common = np.isfinite(np.stack([true, *columns.values()])).all(axis=(0, 2))
    errors = {
        name: label_errors(labels[common], true[common], names)
        for name, labels in columns.items()
    }
    return ErrorTable(errors, reference)


def _columns(labels, label_names, wanted):
    at = [list(label_names).index(name) for name in wanted]
    return np.asarray(labels, float)[:, at]


def _as_fitted(name):
    return f"{name.removesuffix('_fe')}_h" if name.endswith("_fe") else name


def _digits(name):
    return 0 if describe(name).unit == "K" else 3
