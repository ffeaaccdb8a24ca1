"""Run the firmware under CPython: give ``time`` what MicroPython's has, then start main."""

import gc
import runpy
import sys
import time

TICKS = 1 << 30  # MicroPython's counters wrap there


def ticks_ms():
    return time.monotonic_ns() // 1_000_000 % TICKS


def ticks_diff(end, start):
    return (end - start + TICKS // 2) % TICKS - TICKS // 2


def sleep_ms(duration_ms):
    time.sleep(duration_ms / 1000)


if __name__ == "__main__":
    time.ticks_ms, time.ticks_diff, time.sleep_ms = ticks_ms, ticks_diff, sleep_ms
    gc.collect = lambda: 0  # CPython counts references; its full collection would take longer than a pass
    runpy.run_path(sys.argv[1], run_name="__main__")
