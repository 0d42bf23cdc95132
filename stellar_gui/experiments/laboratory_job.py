"""Carries a trial of the laboratory out in a process of its own; see `jobs`."""

import sys

from stellar_gui.experiments.laboratory_chain import carry_out
from stellar_gui.experiments.trial import Trial
from stellar_gui.jobs import working


def main(folder: str) -> None:
    """Work in a job's folder, whose request is that of a trial."""
    with working(folder) as work:
        carry_out(Trial(**work.request), work.report)


if __name__ == "__main__":
    main(sys.argv[1])
