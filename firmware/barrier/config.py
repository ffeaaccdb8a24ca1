"""What may be set on a board: one JSON file, and for each entry a default and the limits it must stay within.

Door and people timers may be scaled by whoever writes the file. Lease and watchdog are safety times and stay real.
"""

import json

# name: (default, least, most)
ENTRIES = {
    "lease_ms": (500, 200, 2000),  # the longest silence of the Pi that is not yet silence
    "self_test_ms": (300, 50, 5000),
    "watchdog_ms": (1000, 500, 8388),  # 8388 is the RP2040's most
    "travel_limit_ms": (2000, 50, 20000),  # learned travel and 30 %
    "lock_ms": (50, 5, 1000),
    "retry_ms": (1000, 20, 20000),  # open again this long before the next try to close
    "tries": (3, 1, 10),
    "forced_wait_ms": (3000, 50, 20000),
    "calm_ms": (500, 20, 10000),  # nobody seen for so long: nobody there
    "beam_held_ms": (15000, 500, 120000),
    "permission_limit_ms": (60000, 500, 120000),
}
NAMES = tuple(sorted(ENTRIES))


def load(path: str) -> tuple[dict[str, int], bool]:
    """``(settings, valid)``: the file's settings, or the defaults where it has none or is not to be trusted."""
    try:
        with open(path) as file:
            given = json.load(file)
    except OSError:
        return defaults(), True
    except ValueError:
        return defaults(), False
    return read(given)


def read(given: object) -> tuple[dict[str, int], bool]:
    settings = defaults()
    if not isinstance(given, dict):
        return settings, False
    for name in NAMES:
        default, least, most = ENTRIES[name]
        value = given.get(name, default)
        if not isinstance(value, int) or not least <= value <= most:
            # One bad entry and the file is not ours: no half of it is used.
            return defaults(), False
        settings[name] = value
    return settings, True


def defaults() -> dict[str, int]:
    return {name: ENTRIES[name][0] for name in NAMES}
