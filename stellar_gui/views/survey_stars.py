"""What stars of a survey can be sorted and coloured by, and the values of each."""

from typing import NamedTuple

import numpy as np

from stellar_gui.labels import describe
from stellar_gui.plots.style import number
from stellar_gui.views.survey_source import SurveySource

ANOMALY, SNR = "anomaly", "snr"
_FIRST = ("teff", "logg", "fe_h", "m_h")
_ENDS = (2.0, 98.0)  # percentiles at the ends of the colour scale
_GROUP = 4  # plots of labels beside each other


def choices(source: SurveySource, *, first: bool = False) -> list[tuple[str, str]]:
    """Quantities (name, title): labels, S/N, anomaly and χ²/ν of every model.

    first: with the few that are asked for most standing first.
    """
    facts = source.facts
    if facts is None:
        return []
    names = label_names(source)
    if first:
        names = sorted(names, key=lambda name: name not in _FIRST)
    return [
        *((name, describe(name).title) for name in names),
        (SNR, "S/N"),
        (ANOMALY, "anomaly"),
        *((f"chi2:{name}", f"χ²/ν {name}") for name in facts.fits),
    ]


def label_names(source: SurveySource) -> list[str]:
    """Labels that any model or the reference has, in the order of the richest."""
    facts = source.facts
    names = [fits.label_names for fits in facts.fits.values()]
    if facts.reference is not None:
        names.append(facts.reference.names)
    names.sort(key=len, reverse=True)
    return list(dict.fromkeys(name for some in names for name in some))


def values_of(source: SurveySource, name: str) -> np.ndarray:
    """Values (n_stars,) of a quantity, NaN where unknown.

    A label is that of the reference where there is one, else of the judging model, else
    of another that has it.
    """
    facts = source.facts
    n_stars = len(source.sample)
    if name.startswith("chi2:") and name[5:] in facts.fits:
        return facts.fits[name[5:]].reduced_chi2
    if name == SNR:
        snr = [fits.snr for fits in facts.fits.values()]
        return np.fmax.reduce(snr) if snr else np.full(n_stars, np.nan)
    if name == ANOMALY:
        found = facts.anomalies
        return np.full(n_stars, np.nan) if found is None else found.score
    values = np.full(n_stars, np.nan)
    if facts.reference is not None and name in facts.reference.names:
        values = facts.reference.column(name)[0]
    for model in sorted(facts.fits, key=lambda model: model != facts.judge):
        if not np.isfinite(values).any() and name in facts.fits[model].label_names:
            values = source.labels(model).column(name)[0]
    return values


def title_of(source: SurveySource, name: str) -> str:
    """The title of a quantity."""
    return dict(choices(source)).get(name, name)


def written(name: str, value: float) -> str:
    """A value of a quantity as text."""
    if name == SNR:
        return number(value)
    if name == ANOMALY or name.startswith("chi2:"):
        return number(value, 1)
    about = describe(name)
    return number(value, about.decimals, signed=about.title.startswith("["))


class Scale(NamedTuple):
    """Values of a quantity as shades from 0 to 1, and what the ends stand for."""

    shade: np.ndarray
    ends: tuple[str, str]


def scale_of(name: str, values) -> Scale | None:
    """Spread values (n_stars,) of a quantity over the colours; None if none is known.

    >>> scale_of("snr", np.array([20.0, 120.0])).ends
    ('22', '118')
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, high = np.percentile(known, _ENDS)
    width = high - low if high > low else 1.0
    shade = np.clip((values - low) / width, 0.0, 1.0)
    return Scale(shade, (written(name, low), written(name, high)))


def label_groups(names) -> dict[str, tuple[str, ...]]:
    """Labels in groups of up to four that are shown together, by title.

    First what is asked for most, then all of them, element by element.

    >>> list(label_groups(["teff", "logg", "fe_h", "mg_h", "si_h"]))
    ['main', 'Teff … [Mg/H]', '[Si/H]']
    """
    main = [n for n in ("teff", "logg", "fe_h", "m_h") if n in names][:3]
    if "mg_h" in names and "fe_h" in names:
        main.append("mg_fe")
    main += [n for n in names if n not in main and n != "mg_h"][: _GROUP - len(main)]
    groups = {"main": tuple(main)}
    if len(names) > _GROUP:
        for start in range(0, len(names), _GROUP):
            some = tuple(names[start : start + _GROUP])
            titles = [describe(name).title for name in some]
            joined = titles[0] if len(some) == 1 else f"{titles[0]} … {titles[-1]}"
            groups[joined] = some
    return groups
