"""A job that counts, for the tests of jobs."""

import sys
import time

from stellar_gui.io.whole import write_text
from stellar_gui.jobs import working


def main(folder):
    with working(folder) as job:
        for count in range(job.request["to"]):
            job.report(count, job.request["to"], f"at {count}")
            time.sleep(job.request["seconds"])
        if job.request.get("fault"):
            raise ValueError(job.request["fault"])
        write_text(job.folder / "result.txt", str(job.request["to"]))


if __name__ == "__main__":
    main(sys.argv[1])
