"""How much room does the outbox take, and how much does it keep free? One table."""

from typing import Final

PAGE_BYTES: Final = 4_096
WAL_PAGES: Final = 200  # checkpoint after so many
BALLAST_BYTES: Final = 524_288  # given up when the disk is full: deletion needs room too (measured: 512 KiB is enough)
RESERVE_BYTES: Final = 2 * WAL_PAGES * PAGE_BYTES  # what the WAL may still grow by while a passage is finished
ROWS_MAX: Final = 500_000  # four days cut off, at 1.5 events a second
STRIKE_ROWS_MAX: Final = 50  # in one transaction
STRIKE_MAX_BYTES: Final = 131_072  # the same: it must fit into the ballast with its index pages
CHECK_MAX_BYTES: Final = 67_108_864  # a larger file is not read through at the start
LOCK_WAIT_S: Final = 2.0

# --- the clock ---
EARLIEST_MS: Final = 1_767_225_600_000  # 2026-01-01, before this software: no true clock shows less
STEP_MAX_MS: Final = 300_000  # a wall clock that jumps further than this without being synchronised is not believed

# --- what is on its way ---
WINDOW_ROWS: Final = 20
FLIGHT_ROWS_MAX: Final = 1_000
RESEND_CEILING_S: Final = 60.0
