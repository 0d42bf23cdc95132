"""Run the benchmarks: ``python -m tests.benchmarks [name ...]`` or ``make bench``.

Each ``bench_<name>.py`` has a ``main()`` that prints its figures and raises SystemExit
with a sentence where a bar is missed. One process each, so that none warms another.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(names):
    """Run the named benchmarks, all without a name; return how many failed."""
    known = {path.stem.removeprefix("bench_"): path for path in HERE.glob("bench_*.py")}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    failed = []
    for name in names or sorted(known):
        load = os.getloadavg()[0]
        print(f"\n== {name} (load average {load:.2f} on {os.cpu_count()} cores)")
        started = time.monotonic()
        code = subprocess.call([sys.executable, "-m", f"tests.benchmarks.bench_{name}"])
        seconds = time.monotonic() - started
        print(f"-- {name}: {'ok' if code == 0 else 'FAILED'}, {seconds:.0f} s")
        failed += [name] if code else []
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
