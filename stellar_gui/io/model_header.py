"""What a model file says of itself, read without torch, which takes seconds to import.

The file is safetensors with a JSON header; `models.files` writes it and reads the rest.
"""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

FORMAT = "stellar_gui model"
VERSION = 1


def read_model_header(path: str | Path) -> dict:
    """Return the header of a model file, plain values.

    Raises FileNotFoundError if there is no such file, ValueError if it is no model of
    this project, is truncated, or comes from a newer version.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
        header = json.loads(metadata.get("header", "{}"))
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path.name} is not a whole model file ({error}); expected safetensors "
            "as save_model() writes them. Copy the file again."
        ) from None
    if header.get("format") != FORMAT:
        raise ValueError(
            f"{path.name} holds tensors but no header of a {FORMAT}; expected a file "
            "written by save_model(). Weights of other programs must be converted."
        )
    if header["version"] > VERSION:
        raise ValueError(
            f"{path.name} has version {header['version']}, expected at most "
            f"{VERSION}. Install a newer stellar_gui."
        )
    return header
