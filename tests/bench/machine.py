"""On which machine was this measured? A figure without it is worth nothing."""

import os
import platform
from pathlib import Path


def machine() -> dict[str, object]:
    """Model, cores, memory, system and Python, and how busy the machine was with other things."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_before": load(),
    }


def load() -> float:
    """How many were at work in the last minute; 1 is one core's work."""
    return round(os.getloadavg()[0], 1)


def _cpu() -> str:
    """x86 names its model in /proc/cpuinfo, a Raspberry Pi its board in the device tree."""
    tree = Path("/proc/device-tree/model")
    if tree.exists():
        return tree.read_text().rstrip("\0")
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
