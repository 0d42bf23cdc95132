"""An installed wheel carries what the application needs to run."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _listed(folder):
    """The files of the project below a folder, as git knows them."""
    command = ["git", "ls-files", "-z", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    source = tmp_path_factory.mktemp("source") / "checkout"
    for name in _listed("."):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    done = subprocess.run(
        [*build, "--outdir", str(out), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("folder", ["assets", "sample_data"])
def test_wheel_carries_every_shipped_file(wheel, folder):
    shipped = subprocess.run(
        ["git", "ls-files", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert shipped
    missing = [name for name in shipped if f"stellar_gui/{name}" not in wheel]
    assert not missing


def test_wheel_carries_every_module(wheel):
    modules = (ROOT / "stellar_gui").rglob("*.py")
    missing = [m for m in modules if str(m.relative_to(ROOT)) not in wheel]
    assert not missing
