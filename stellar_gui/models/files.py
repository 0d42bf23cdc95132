"""Model files: safetensors, with a JSON header that says what the numbers mean.

Never pickle: a model file from anybody can be opened without running what is in it.
"""

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from stellar_gui.io.model_header import FORMAT, VERSION, read_model_header
from stellar_gui.io.plain import json_text
from stellar_gui.io.whole import written_whole
from stellar_gui.models.base import SpectralModel


def _kinds():
    from stellar_gui.models.broadened import Broadened
    from stellar_gui.models.cannon import Cannon
    from stellar_gui.models.cycle_starnet import CycleStarNet
    from stellar_gui.models.payne import Payne

    return {kind.kind: kind for kind in (Broadened, Cannon, CycleStarNet, Payne)}


_STEPS = 127  # of an 8-bit number, from 0 to the largest of its row
_ROW_STEP = ".row_step"  # behind the name of a tensor of 8-bit numbers


def save_model(
    model: SpectralModel,
    path: str | Path,
    *,
    half: tuple[str, ...] = (),
    byte: tuple[str, ...] = (),
) -> Path:
    """Write a model, whole or not at all; returns the path.

    Tensors named in ``half`` are stored with 16 bits, matrices in ``byte`` with 8, as
    steps of 1/127 of the largest number in their row; a model may say in
    ``narrow_tensors`` which of its own bear that. Raises ValueError if the model cannot
    be stored.
    """
    path = Path(path)
    if not (hasattr(model, "to_tensors") and hasattr(model, "header")):
        raise ValueError(
            f"a model of class {type(model).__name__} cannot be saved; expected one "
            f"with to_tensors() and header(), such as {', '.join(_kinds())}"
        )
    # copies: parts of a model may share a tensor, and a file may not
    tensors = {
        k: v.detach().cpu().clone(memory_format=torch.contiguous_format)
        for k, v in model.to_tensors().items()
    }
    tensors |= {name: tensors[name].half() for name in half}
    for name in byte:
        step = tensors[name].abs().amax(1).clamp(min=1e-30) / _STEPS
        tensors[name] = (tensors[name] / step[:, None]).round().to(torch.int8)
        tensors[name + _ROW_STEP] = step
    header = {"format": FORMAT, "version": VERSION, **model.header()}
    text = json_text(header, f"the header of the {header['kind']} model")
    with written_whole(path) as part:
        save_file(tensors, part, metadata={"header": text})
    return path


def load_model(path: str | Path, device: str | torch.device = "cpu") -> SpectralModel:
    """Read a model that `save_model` wrote, whatever its kind.

    Raises FileNotFoundError if there is none, ValueError if the file is not a model of
    this project, is truncated, or comes from a newer version.
    """
    return model_of(*_read(path, device), Path(path).name)


def model_of(
    tensors: dict[str, Tensor], header: dict, name: str = "the header"
) -> SpectralModel:
    """Build a model, or a part of one, from its tensors and its header.

    Raises ValueError, with the ``name`` of where they stood, for an unknown kind or if
    one is missing.
    """
    kinds = _kinds()
    if header.get("kind") not in kinds:
        raise ValueError(
            f"{name} holds a model of kind {header.get('kind')!r}, expected one "
            f"of {', '.join(kinds)}. It may come from a newer stellar_gui."
        )
    try:
        return kinds[header["kind"]].from_tensors(tensors, header)
    except KeyError as missing:
        raise ValueError(
            f"{name} lacks {missing}, which a {header['kind']} model needs. "
            "Save the model again."
        ) from None


def _read(path, device):
    header = read_model_header(path)
    with safe_open(path, framework="pt", device=str(device)) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name in [name for name in tensors if name.endswith(_ROW_STEP)]:
        step = tensors.pop(name)
        name = name.removesuffix(_ROW_STEP)
        tensors[name] = tensors[name].to(step) * step[:, None]
    return tensors, header
