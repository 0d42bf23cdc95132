"""Experiments: whole chains of fits and training that end in a table of claims.

Each is a command, ``stellar-gui experiment NAME``; small ones are tests. They may read
the truth of a sample survey, to judge what came out.
"""

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import NamedTuple


class Experiment(NamedTuple):
    """One experiment; its module has ``add_options(parser)`` and ``run_command``."""

    help: str
    module: str

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the options of its command."""
        self._loaded().add_options(parser)

    def run_command(self, options: Namespace, tell: Callable[[str], None]) -> None:
        """Run it with parsed options; ``tell`` takes each line that it has to say."""
        self._loaded().run_command(options, tell)

    def _loaded(self):
        return importlib.import_module(f"stellar_gui.experiments.{self.module}")


EXPERIMENTS = {
    "survey": Experiment(
        "a survey end to end: fits, transfer, scores and labels beside all baselines",
        "survey_command",
    ),
    "masked-lines": Experiment(
        "lines hidden from the synthetic domain, and to which element they are given",
        "masked_command",
    ),
    "laboratory": Experiment(
        "hide lines, train a transfer as an ordinary run, and judge what it finds",
        "laboratory_command",
    ),
}
