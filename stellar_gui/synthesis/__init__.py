"""The physics simulator: labels -> spectrum, and the surveys made with it."""

from .lines import LineList, read_line_list, write_line_list
from .synthesiser import Synthesiser

__all__ = ["LineList", "Synthesiser", "read_line_list", "write_line_list"]
