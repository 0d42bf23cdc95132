"""What every test may ask for."""

from pathlib import Path

import pytest
import torch

from stellar_gui.paths import sample_data

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Tests run side by side; more threads than one only get in each other's way."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sample_payne():
    """Give the path of the Payne that ships for the sample survey."""
    return sample_data() / "models" / "payne.safetensors"


@pytest.fixture(scope="session")
def shared():
    """Give the path of a reference file that may not ship, or skip and say so."""

    def path(name: str) -> Path:
        found = SHARED / name
        if not found.exists():
            pytest.skip(f"needs the reference file {name}, which does not ship")
        return found

    return path
