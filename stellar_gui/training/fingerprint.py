"""Fingerprints: what tells data, files and code from others of the same name."""

import hashlib
import subprocess
from pathlib import Path

import numpy as np

import stellar_gui
from stellar_gui.spectra import Spectra

_STARS = 64


def data_fingerprint(spectra: Spectra) -> str:
    """A hash of the data: the grid, ids, labels and the flux of up to 64 stars.

    Reads only those stars, so that a large survey file need not be read for it.
    """
    digest = hashlib.blake2b(digest_size=16)
    stars = np.linspace(0, len(spectra) - 1, min(len(spectra), _STARS))
    sample = spectra[np.unique(stars.astype(int))]
    for array in (spectra.wavelength, spectra.labels, sample.flux, sample.ivar):
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
    digest.update("\n".join([*spectra.ids, *spectra.label_names]).encode())
    return digest.hexdigest()


def file_fingerprint(path: str | Path) -> str:
    """A hash of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def code_version() -> dict[str, str | None]:
    """The code that runs: ``version``, ``source`` (a hash of it), ``commit`` if known.

    A commit is known in a git checkout, and ends in "+" where files differ from it.
    """
    package = Path(stellar_gui.__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode())
        digest.update(file.read_bytes())
    return {
        "version": stellar_gui.__version__,
        "source": digest.hexdigest(),
        "commit": _commit(package),
    }


def _commit(package):
    if not (package.parent / ".git").exists():
        return None
    commit = _git(package, "rev-parse", "HEAD")
    changed = commit and _git(package, "status", "--porcelain", "--", str(package))
    return commit and commit + ("+" if changed else "")


def _git(folder, *words):
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
