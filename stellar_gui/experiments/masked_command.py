"""``stellar-gui experiment masked-lines``: options in, tables and files out."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable


def add_options(parser: ArgumentParser) -> None:
    """Add the options of the command; imports nothing heavy."""
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])


def run_command(options: Namespace, tell: Callable[[str], None]) -> None:
    pass
