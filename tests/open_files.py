"""Does this process still hold a file open? A connection that nobody closed keeps its file and its lock for a while."""

import os
from pathlib import Path


def holds(path: Path) -> bool:
    return str(path.resolve()) in {os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()}
