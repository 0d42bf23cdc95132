"""Fits as tables: one row a star, units and provenance in the header (ECSV)."""

import numpy as np
from astropy.table import Column, Table, vstack

from stellar_gui import __version__
from stellar_gui.fitting import fit_labels
from stellar_gui.fitting.prepare import prepare
from stellar_gui.fitting.result import FitFlag, FitResult
from stellar_gui.io import read_spectra
from stellar_gui.io.ecsv import table_text
from stellar_gui.io.whole import written_whole
from stellar_gui.labels import describe
from stellar_gui.models import load_model

_UNITS = {"K": "K", "dex": "dex", "km/s": "km/s"}
_STARS_AT_A_TIME = 500  # a fit keeps model spectra; a table does not


def result_table(result: FitResult, ids, **provenance) -> Table:
    """Return a table of ``result``: labels and their sigmas, velocity, chi2, flags.

    ids (n_stars,). A model's nuisance stands behind the labels. ``provenance`` (model,
    file, ...) goes into the table's metadata.
    """
    table = Table({"id": np.asarray(ids).astype(str)})
    for k, name in enumerate(result.label_names):
        unit = _UNITS.get(describe(name).unit)
        table[name] = Column(result.labels[:, k], unit=unit)
        table[f"{name}_sigma"] = Column(result.sigma[:, k], unit=unit)
    for k, name in enumerate(result.nuisance_names):
        table[name] = result.nuisance[:, k]
        table[f"{name}_sigma"] = result.nuisance_sigma[:, k]
    table["rv"] = Column(result.rv, unit="km/s", description="positive = receding")
    table["rv_sigma"] = Column(result.rv_sigma, unit="km/s")
    table["chi2"] = result.chi2
    table["reduced_chi2"] = result.reduced_chi2
    table["n_good"] = result.n_good
    table["flags"] = [", ".join(FitFlag(int(flag)).sentences) for flag in result.flags]
    table.meta = {"stellar_gui": __version__, **provenance}
    return table


def fit_files(model_path, paths, out) -> Table:
    """Fit every star of the files with one model; write an ECSV table, whole or not.

    Spectra are made ready as the application does it (`prepare`); what was done stands
    in the table's metadata. Raises ValueError with the file's name for spectra that the
    model cannot fit.
    """
    model = load_model(model_path)
    tables, prepared = [], {}
    with written_whole(out) as part:
        for path in paths:
            try:
                spectra, done = prepare(read_spectra(path), [model])
                for start in range(0, len(spectra), _STARS_AT_A_TIME):
                    stars = spectra[start : start + _STARS_AT_A_TIME]
                    table = result_table(fit_labels(model, stars), stars.ids)
                    table.add_column([str(path)] * len(table), name="file", index=1)
                    tables.append(table)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error
            prepared[str(path)] = done
        whole = vstack(tables)
        whole.meta |= {"model": str(model_path), "prepared": prepared}
        whole.write(part, format="ascii.ecsv", overwrite=True)
    return whole


def fits_text(fits, star_id: str) -> str:
    """Return the fits of one star as the text of an ECSV table, one row a model.

    fits by model name, of that star each.
    """
    tables = []
    for name, fit in fits.items():
        table = result_table(fit, [star_id])
        table.add_column(Column([name], name="model"), index=1)
        tables.append(table)
    return table_text(vstack(tables))
