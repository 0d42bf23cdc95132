"""Fits as tables: one row a star, units and provenance in the header (ECSV)."""

import io
import os
from pathlib import Path

import numpy as np
from astropy.table import Column, Table, vstack

from stellar_gui import __version__
from stellar_gui.fitting import fit_labels
from stellar_gui.fitting.result import FitFlag, FitResult
from stellar_gui.labels import describe

_UNITS = {"K": "K", "dex": "dex", "km/s": "km/s"}


def result_table(result: FitResult, ids, **provenance) -> Table:
    """Return a table of ``result``: labels and their sigmas, velocity, chi2, flags.

    ids (n_stars,). ``provenance`` (model, file, ...) goes into the table's metadata.
    """
    table = Table({"id": np.asarray(ids).astype(str)})
    for k, name in enumerate(result.label_names):
        unit = _UNITS.get(describe(name).unit)
        table[name] = Column(result.labels[:, k], unit=unit)
        table[f"{name}_sigma"] = Column(result.sigma[:, k], unit=unit)
    table["rv"] = Column(result.rv, unit="km/s", description="positive = receding")
    table["rv_sigma"] = Column(result.rv_sigma, unit="km/s")
    table["chi2"] = result.chi2
    table["reduced_chi2"] = result.reduced_chi2
    table["n_good"] = result.n_good
    table["flags"] = [", ".join(FitFlag(int(flag)).sentences) for flag in result.flags]
    table.meta = {"stellar_gui": __version__, **provenance}
    return table


def fit_files(model_path, paths, out, *, normalise: bool = False) -> Table:
    """Fit every star of the files with one model; write an ECSV table, whole or not.

    Raises ValueError with the file's name for spectra that the model cannot fit.
    """
    from stellar_gui.io import read_spectra
    from stellar_gui.models import load_model
    from stellar_gui.preprocess import normalise as divide_by_continuum

    model = load_model(model_path)
    tables = []
    for path in paths:
        spectra = read_spectra(path)
        try:
            if normalise:
                spectra = divide_by_continuum(spectra)
            result = fit_labels(model, spectra)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        table = result_table(result, spectra.ids)
        table.add_column(Column([str(path)] * len(table), name="file"), index=1)
        tables.append(table)
    whole = vstack(tables, metadata_conflicts="silent")
    whole.meta |= {"model": str(model_path)}
    write_table(out, whole)
    return whole


def write_table(path, table: Table) -> None:
    """Write ``table`` as ECSV so that a crash leaves the old file or the new."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.part")
    table.write(partial, format="ascii.ecsv", overwrite=True)
    os.replace(partial, path)


def fits_text(fits, star_id: str) -> str:
    """Return the fits of one star as the text of an ECSV table, one row a model.

    fits by model name, of that star each.
    """
    tables = []
    for name, fit in fits.items():
        table = result_table(fit, [star_id])
        table.add_column(Column([name], name="model"), index=1)
        tables.append(table)
    text = io.StringIO()
    vstack(tables).write(text, format="ascii.ecsv")
    return text.getvalue()
