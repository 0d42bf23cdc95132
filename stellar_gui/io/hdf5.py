"""Survey files: many spectra in one HDF5 file, read star by star.

Datasets are named as the fields of `Spectra` (``wavelength flux ivar ids labels
labels_sigma``, columns in the group ``star_data``); what is not an array is a root
attribute. Chunked by star and compressed. Flux may be packed into 16 bits, and ivar
into profile x S/N with one bit for each good pixel; `write_spectra` states the errors
this makes in the attributes ``max_error`` and ``max_relative_error``.
"""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from stellar_gui.io.plain import json_text
from stellar_gui.io.stored import StoredIvar, StoredRows, file_stamp
from stellar_gui.io.whole import written_whole
from stellar_gui.spectra import Spectra

TITLE = "stellar_gui survey (HDF5)"
VERSION = 1
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FILL = np.iinfo(np.int16).min  # stands for NaN in packed flux
_BLOCK = 256  # stars written at a time
_CHUNK_BYTES = 16384


def identify(path: Path) -> bool:
    """Whether the file begins as an HDF5 file does."""
    with path.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


def load(path: str | Path) -> Spectra:
    """Open a survey file; flux and ivar stay on disk until stars are sliced.

    Raises ValueError if the file is truncated, is not one of ours, or is newer.
    """
    path = Path(path).resolve()
    stamp = file_stamp(path)
    try:
        with h5py.File(path, "r") as file:
            _check_layout(file, path)
            return _open(file, path, stamp)
    except (OSError, RuntimeError) as fault:
        raise ValueError(
            f"{path.name} cannot be read as HDF5, it is damaged or truncated "
            f"({fault}). Copy or make the file again."
        ) from fault


def _check_layout(file, path):
    missing = {"wavelength", "flux", "ivar", "ids"} - set(file)
    if missing:
        raise ValueError(
            f"{path.name} is an HDF5 file without {', '.join(sorted(missing))}; it has "
            f"{', '.join(file) or 'no datasets'}. Expected a survey file as "
            "stellar_gui.io.write_spectra makes it."
        )
    version = int(file.attrs.get("version", VERSION))
    if version > VERSION:
        raise ValueError(
            f"{path.name} has version {version} of the survey format, expected at most "
            f"{VERSION}. Update stellar_gui."
        )
    if file["flux"].ndim != 2:
        raise ValueError(
            f"flux in {path.name} has shape {file['flux'].shape}, expected "
            "(n_stars, n_pixels). Write the file again, one row for each star."
        )


def _open(file, path, stamp):
    attrs = file.attrs
    shape = file["flux"].shape
    ivar_type = StoredIvar if isinstance(file["ivar"], h5py.Group) else StoredRows
    ivar_shape = shape if ivar_type is StoredIvar else file["ivar"].shape
    columns = file.get("star_data", {})
    resolution = float(attrs.get("resolution", np.nan))
    return Spectra(
        wavelength=file["wavelength"][:],
        flux=StoredRows(path, "flux", shape, stamp),
        ivar=ivar_type(path, "ivar", ivar_shape, stamp),
        ids=_read_column(file["ids"]),
        labels=file["labels"][:] if "labels" in file else None,
        label_names=tuple(json.loads(attrs.get("label_names", "[]"))),
        label_units=tuple(json.loads(attrs.get("label_units", "[]"))),
        labels_sigma=file["labels_sigma"][:] if "labels_sigma" in file else None,
        medium=str(attrs.get("medium", "vacuum")),
        resolution=resolution if np.isfinite(resolution) else None,
        normalised=bool(attrs.get("normalised", True)),
        star_data={name: _read_column(columns[name]) for name in columns},
        metadata=json.loads(attrs.get("metadata", "{}")),
    )


def _read_column(dataset):
    if h5py.check_string_dtype(dataset.dtype):
        return dataset.asstr()[:].astype(str)
    return dataset[:]


def write_spectra(
    path: str | Path,
    spectra: Spectra,
    *,
    flux_step: float | None = None,
    ivar_profile: np.ndarray | None = None,
    ivar_tolerance: float = 0.01,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a survey file, whole or not at all. Returns its path.

    flux_step: pack flux into 16 bits with this step; the error is half of it.
    ivar_profile (n_pixels,): store ivar as (profile * snr)**2, one S/N for each star,
    and refuse it where that differs by more than ``ivar_tolerance`` (relative).
    progress(done, total) is called after each block of stars.

    Raises ValueError where a flux does not fit into 16 bits or ivar not its profile,
    and for metadata that is not of plain values.
    """
    path = Path(path)
    with written_whole(path) as part, h5py.File(part, "w", libver="latest") as file:
        _write_attributes(file, spectra)
        _write_columns(file, spectra)
        flux = _flux_writer(file, spectra, flux_step)
        ivar = _ivar_writer(file, spectra, ivar_profile, ivar_tolerance)
        for start in range(0, len(spectra), _BLOCK):
            rows = slice(start, min(start + _BLOCK, len(spectra)))
            block = spectra[rows]
            flux(rows, block)
            ivar(rows, block)
            if progress is not None:
                progress(rows.stop, len(spectra))
    return path


def _write_attributes(file, spectra):
    resolution = spectra.resolution
    file.attrs.update(
        format=TITLE,
        version=VERSION,
        medium=spectra.medium,
        resolution=np.nan if resolution is None else float(resolution),
        normalised=spectra.normalised,
        label_names=json.dumps(spectra.label_names),
        label_units=json.dumps(spectra.label_units),
        metadata=json_text(dict(spectra.metadata), "metadata"),
    )


def _write_columns(file, spectra):
    _dataset(file, "wavelength", spectra.wavelength, "Angstrom")
    _dataset(file, "ids", spectra.ids)
    for name in ("labels", "labels_sigma"):
        if getattr(spectra, name) is not None:
            _dataset(file, name, getattr(spectra, name), "label_units")
    for name, column in spectra.star_data.items():
        _dataset(file, f"star_data/{name}", column)


def _dataset(file, name, values, unit=""):
    values = np.asarray(values)
    if values.dtype.kind == "U":
        text = np.char.encode(values, "utf-8")
        kind = h5py.string_dtype("utf-8", max(text.dtype.itemsize, 1))
        dataset = file.create_dataset(name, data=text.astype(kind), dtype=kind)
    else:
        packed = {"shuffle": True, "compression": "gzip"}
        packed = packed if values.nbytes > _CHUNK_BYTES else {}
        dataset = file.create_dataset(name, data=values, **packed)
    dataset.attrs["unit"] = unit


def _by_star(file, name, dtype, n_stars, n_columns):
    row_bytes = max(n_columns * np.dtype(dtype).itemsize, 1)
    rows = min(max(1, _CHUNK_BYTES // row_bytes), max(n_stars, 1))
    dataset = file.create_dataset(
        name,
        (n_stars, n_columns),
        dtype,
        chunks=(rows, max(n_columns, 1)),
        shuffle=True,
        compression="gzip",
        compression_opts=6,
    )
    dataset.attrs["unit"] = ""
    return dataset


def _flux_writer(file, spectra, step):
    shape = (len(spectra), spectra.n_pixels)
    if step is None:
        plain = _by_star(file, "flux", np.float32, *shape)
        return lambda rows, block: plain.__setitem__(rows, np.asarray(block.flux))
    packed = _by_star(file, "flux", np.int16, *shape)
    packed.attrs.update(
        scale_factor=float(step),
        add_offset=1.0,  # the continuum, so that the range reaches as far either way
        _FillValue=np.int16(_FILL),
        max_error=step / 2,
    )

    def write(rows, block):
        packed[rows] = _pack_flux(block, step)

    return write


def _pack_flux(block, step):
    flux = np.asarray(block.flux, dtype=np.float64)
    stored = np.round((flux - 1.0) / step)
    limit = np.iinfo(np.int16).max
    outside = ~(np.abs(stored) <= limit)
    if (outside & block.good).any():
        worst = flux[outside & block.good][0]
        raise ValueError(
            f"flux {worst:g} does not fit into 16 bits with flux_step={step:g}, "
            f"expected {1 - limit * step:.2f} to {1 + limit * step:.2f}. Take a larger "
            "flux_step, or mark the pixel bad (ivar 0)."
        )
    return np.where(outside, _FILL, stored).astype(np.int16)


def _ivar_writer(file, spectra, profile, tolerance):
    n_stars, n_pixels = len(spectra), spectra.n_pixels
    if profile is None:
        plain = _by_star(file, "ivar", np.float32, n_stars, n_pixels)
        return lambda rows, block: plain.__setitem__(rows, np.asarray(block.ivar))
    profile = np.asarray(profile, dtype=np.float64)
    if profile.shape != (n_pixels,) or not (profile > 0).all():
        raise ValueError(
            f"ivar_profile has shape {profile.shape}, expected ({n_pixels},), all "
            "above 0: the S/N of a pixel over the S/N of its star."
        )
    group = file.create_group("ivar")
    _dataset(group, "profile", profile)
    snr_stored = group.create_dataset("snr", (n_stars,), np.float64)
    good_stored = _by_star(group, "good", np.uint8, n_stars, (n_pixels + 7) // 8)
    group.attrs["max_relative_error"] = 0.0

    def write(rows, block):
        snr, error = _profile_snr(block, profile, tolerance)
        snr_stored[rows] = snr
        good_stored[rows] = np.packbits(block.good, axis=1)
        group.attrs["max_relative_error"] = max(
            error, float(group.attrs["max_relative_error"])
        )

    return write


def _profile_snr(block, profile, tolerance):
    """S/N of each star of a block, and the largest relative error ivar gets by it."""
    ivar = np.asarray(block.ivar, dtype=np.float64)
    ratio = np.where(block.good, np.sqrt(ivar) / profile, np.nan)
    has_good = block.good.any(axis=1)
    snr = np.zeros(len(block))
    snr[has_good] = np.nanmedian(ratio[has_good], axis=1)
    error = np.zeros_like(ivar)
    np.divide((profile * snr[:, np.newaxis]) ** 2, ivar, out=error, where=block.good)
    worst = float(np.abs(error - 1, out=error, where=block.good).max(initial=0.0))
    if worst > tolerance:
        raise ValueError(
            f"ivar differs from (profile * snr)**2 by {worst:.1%}, expected at most "
            f"{tolerance:.1%}. Pass ivar_profile=None to store ivar as it is, or mark "
            "the odd pixels bad (ivar 0)."
        )
    return snr, worst
