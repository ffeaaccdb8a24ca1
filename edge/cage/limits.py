"""What may a caged process cost, whatever a picture does to its decoders?

Attack A23, A24: a portrait comes from a stranger's chip. It is decoded in a process that holds no key, opens no door
and dies at these limits; its death is an aborted check, and the lane goes on.
"""

import os
import resource
from math import ceil

MEMORY_ROOM_BYTES = 320 * 1024 * 1024  # above what stands after everything is loaded; 4 MP decoded take 12 MB
CPU_ROOM_S = 5.0  # above the time that a work may take anyway
OPEN_FILES = 32
PAGE_BYTES = resource.getpagesize()
PICTURE_LIMITS = {
    # OpenCV's own second line behind picture.py, and one thread for everything that would like more.
    "OPENCV_IO_MAX_IMAGE_PIXELS": "4000000",
    "OPENCV_LOG_LEVEL": "ERROR",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
# What such a process needs of our surroundings, and no more: a secret in an environment must not reach a decoder.
ENVIRONMENT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "VIRTUAL_ENV")


def environment() -> dict[str, str]:
    """With what a caged process is started."""
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}


def lock(memory_room_bytes: int = MEMORY_ROOM_BYTES) -> None:
    """Close the cage: from here on, memory grows no further than its room, and no core file keeps a face."""
    ceiling = _address_space_bytes() + memory_room_bytes
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))


def lock_hands() -> None:
    """For a process that only answers: it writes no file and starts no other process."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def grant_cpu(limit_s: float, room_s: float | None = None) -> None:
    """From now on so much processor time; beyond it the kernel ends the process, even in the middle of a decoder."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    room_s = CPU_ROOM_S if room_s is None else room_s
    resource.setrlimit(resource.RLIMIT_CPU, (ceil(_cpu_used_s() + limit_s + room_s), most))


def rss_mb() -> float:
    return _statm()[1] * PAGE_BYTES / 1e6


def _cpu_used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _address_space_bytes() -> int:
    return _statm()[0] * PAGE_BYTES


def _statm() -> list[int]:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return [int(pages) for pages in statm.read().split()]
