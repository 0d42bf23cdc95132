"""``stellar-gui survey``: fit a sample by every model, and say how well each does.

What it fits, the Survey page finds, and the other way round.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from stellar_gui.pruning import SENTENCE, prune


def add_options(parser: ArgumentParser) -> None:
    """Add the options of the command; imports nothing heavy."""
    parser.epilog = SENTENCE
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        help="a survey and models; default: those of the sample",
    )
    parser.add_argument(
        "--stars",
        metavar="SAMPLE",
        help="'held out', 'validation', 'training' or 'all stars'; default: the first "
        "that the survey has",
    )
    parser.add_argument(
        "--out", type=Path, help="folder for a table (ECSV) of each model's fits"
    )


def run_command(options: Namespace, tell: Callable[[str], None]) -> None:
    """Fit what is missing and tell the z-scores of each model.

    Raises ValueError for no survey, for more than one, and for a sample that it does
    not have, FileNotFoundError if the folder for the tables does not exist.
    """
    from stellar_gui.library import Library, free_name
    from stellar_gui.surveys.samples import default_sample, samples

    if options.out is not None and not options.out.is_dir():
        raise FileNotFoundError(
            f"the folder {options.out} for the tables does not exist; make it first"
        )
    library = Library(options.files)
    if len(library.spectra) != 1:
        raise ValueError(
            f"{len(library.spectra) or 'no'} files of spectra were given, expected one "
            "beside the models. Fit one survey after the other."
        )
    spectra = library.spectra[0]
    title, found = options.stars or default_sample(spectra), samples(spectra)
    if title not in found:
        raise ValueError(
            f"there are no {title!r} stars in {library.title}, expected one of "
            f"{', '.join(found)}"
        )
    tell(f"{library.title}, {title}: {len(found[title])} stars")
    data, files = None, []
    for name, model in library.models.items():
        files.append(free_name(files, library.kinds[name]))
        out = options.out and options.out / f"{files[-1].replace(' ', '_')}.ecsv"
        data = _one(name, model, spectra, found[title], data, out, tell)


def _one(name, model, spectra, rows, data, out, tell):
    """Fit by one model and tell of it, with a table in the file ``out`` unless None.

    Returns the fingerprint of the data.
    """
    import torch

    from stellar_gui.io.whole import write_text
    from stellar_gui.surveys.survey import Survey
    from stellar_gui.surveys.table import survey_table, table_text
    from stellar_gui.surveys.worker import fit_missing

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    survey = Survey(spectra, rows, model, data=data)
    survey.folder.mkdir(parents=True, exist_ok=True)
    survey.open()
    prune(survey.folder.parent.parent)
    silent = lambda *_: None  # noqa: E731
    fit_missing(survey.folder, model, spectra, rows, options={}, report=silent)
    fits = survey.fits()
    tell(_line(name, fits))
    if out is not None:
        write_text(out, table_text(survey_table(fits, model_name=name)))
        tell(f"  wrote {out}")
    return survey.facts["data"]


def _line(name, fits):
    from stellar_gui.analysis.density import ZSCORE_RANGE, density_of

    overall = density_of(fits.zscore, ZSCORE_RANGE).overall
    return (
        f"{name}: z-scores of {overall.n_stars} stars x {overall.n_pixels} pixels have "
        f"mean {overall.mean:+.3f}, standard deviation {overall.std:.3f} (robust "
        f"{overall.robust_std:.3f}); {int(fits.converged.sum())} of {len(fits)} "
        f"converged, {fits.seconds / len(fits):.3f} s a star"
    )
