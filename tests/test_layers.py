"""The house as the style asks for it: imports go down only, the core knows no GUI."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "stellar_gui"
MODULES = sorted(PACKAGE.rglob("*.py"))

LEVELS = {
    "collector": 0,
    "paths": 0,
    "constants": 0,
    "lasso": 0,
    "masked": 0,
    "labels": 0,
    "spectra": 0,
    "statistics": 0,
    "selection": 1,
    "io": 1,
    "preprocess": 1,
    "synthesis": 1,
    "models": 1,
    "fitting": 2,
    "analysis": 2,
    "training": 2,
    "marks": 2,
    "plots": 2,
    "experiments": 3,
    "jobs": 3,
    "pruning": 3,
    "library": 3,
    "summaries": 3,
    "maps": 4,
    "contents": 4,
    "surveys": 4,
    "ahead": 4,
    "session": 5,
    "views": 6,
    "pages": 7,
    "actions": 7,
    "app": 8,
    "cli_maps": 9,
    "cli_train": 9,
    "cli_runs": 9,
    "cli_survey": 9,
    "cli": 10,
}
"""A module imports what stands on its own level or below."""

GUI = {"panel", "bokeh", "holoviews", "panel_material_ui"}

SIDEWAYS = {
    ("analysis", "fitting"),
    ("training", "fitting"),
    ("training", "analysis"),
    ("marks", "training"),
    ("experiments", "jobs"),
}
"""On one level these may look at each other, in this direction only."""


def _part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported_parts(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "stellar_gui":
                names = [f"stellar_gui.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            pieces = name.split(".")
            if pieces[0] == "stellar_gui" and len(pieces) > 1:
                yield pieces[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_only(path):
    part = _part(path)
    if part in {"__init__", "__main__"}:
        return
    assert part in LEVELS, f"{part} has no level: say where it stands"
    for imported in _imported_parts(path):
        if imported not in LEVELS or imported == part:
            continue
        allowed = (
            LEVELS[imported] < LEVELS[part]
            or LEVELS[imported] == LEVELS[part] in (0, 1)
            or (part, imported) in SIDEWAYS
        )
        assert allowed, f"{path.relative_to(PACKAGE)} imports {imported}"


@pytest.mark.parametrize(
    "module",
    [
        "stellar_gui",
        "stellar_gui.spectra",
        "stellar_gui.io",
        "stellar_gui.preprocess",
        "stellar_gui.synthesis",
        "stellar_gui.models",
        "stellar_gui.fitting",
        "stellar_gui.analysis",
        "stellar_gui.training",
        "stellar_gui.maps.store",
        "stellar_gui.selection",
        "stellar_gui.session",
        "stellar_gui.surveys",
    ],
)
def test_core_never_imports_the_gui(module):
    """In a fresh interpreter, so that transitive imports count."""
    code = (
        f"import sys, {module}\n"
        f"gui = {GUI} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(gui)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, f"{module} imports {done.stderr}"


def test_plots_draw_without_panel():
    """`plots` turns arrays into Bokeh figures; Panel is the views' business."""
    code = (
        "import sys, pkgutil, importlib, stellar_gui.plots as plots\n"
        "for found in pkgutil.iter_modules(plots.__path__, 'stellar_gui.plots.'):\n"
        "    importlib.import_module(found.name)\n"
        "sys.exit('panel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_truth_is_read_only_where_it_judges():
    """Nothing that trains, fits or shows may look at the sample's truth."""
    for path in MODULES:
        if _part(path) in {"analysis", "experiments", "synthesis"}:
            continue
        assert "truth.h5" not in path.read_text(), path.relative_to(PACKAGE)
