"""Find the browser that the tests drive; ``--install`` fetches one where it may.

Prints the path. Without a browser it says in a sentence what to do, and exits with 1.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = (
    "no Chromium or Chrome was found; install one (on Debian and Ubuntu: "
    "apt-get install chromium), or set STELLAR_GUI_BROWSER to its path"
)


def find_browser() -> str | None:
    """Return the path of a Chromium or Chrome; None if there is none."""
    chosen = os.environ.get("STELLAR_GUI_BROWSER")
    if chosen:
        return chosen if Path(chosen).exists() else None
    return next(filter(None, map(shutil.which, NAMES)), None)


def install_browser() -> None:
    """Install Debian's chromium; does nothing without root or apt-get."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    quiet = {"stdout": subprocess.DEVNULL, "check": False}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", NAMES[0]]):
        subprocess.run(["apt-get", "-qq", *command], env=environment, **quiet)


def main(arguments: list[str]) -> int:
    if find_browser() is None and "--install" in arguments:
        install_browser()
    found = find_browser()
    stream = sys.stderr if found is None else sys.stdout
    stream.write(f"{found or ADVICE}\n")
    return int(found is None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
