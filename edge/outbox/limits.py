"""How much room does the outbox take, and how much does it keep free? One table."""

from typing import Final

# --- the file ---
PAGE_BYTES: Final = (
    1_024  # a commit writes whole pages: 9 times a row of 800 bytes, with 4,096 it is 21 times (measured)
)
WAL_BYTES: Final = 819_200  # checkpoint after so much
CHECK_MAX_BYTES: Final = 67_108_864  # a larger file is not read through at the start
LOCK_WAIT_S: Final = 2.0

# --- how many wait ---
EVENTS_MAX: Final = 1_200_000  # nine days cut off, at 1.5 events a second; border events may use all of it
TELEMETRY_MAX: Final = 200_000  # of them: the oldest go, and are declared

# --- on a disk that fills up ---
BALLAST_BYTES: Final = 524_288  # given up when the disk is full: deletion needs room too (measured: 512 KiB is enough)
RESERVE_BYTES: Final = 262_144  # given up for border events alone: a passage under way is written to its end
PASSAGE_BYTES: Final = 131_072  # what a passage may take in the log, and again in the database, until it is finished
GIVE_BACK_MAX_BYTES: Final = 262_144  # an outbox that holds no more gives its empty pages back to the disk
STRIKE_ROWS_MAX: Final = 50  # in one transaction
STRIKE_MAX_BYTES: Final = 131_072  # the same: it must fit into the ballast with its index pages
DROP_ROWS_MAX: Final = 50  # declared by one event, of at most 64 ranges
DROP_ROWS_LEAST: Final = 8  # the declaration takes a row itself: fewer would free nothing,
DROP_LEAST_BYTES: Final = 16_384  # unless they are large: fifty readings of many numbers are a frame of 20 kB

# --- to be sent again, to a region that lost it ---
PUT_BACK_BELOW: Final = 200  # waiting events: more of the past only when that of today is on its way

# --- telemetry, before it is written ---
GROUP_EVENTS_MAX: Final = 50
GROUP_WAIT_S: Final = 0.2
GATHERED_MAX: Final = 500  # while the disk writes nothing

# --- the clock ---
EARLIEST_MS: Final = 1_767_225_600_000  # 2026-01-01, before this software: no true clock shows less
STEP_MAX_MS: Final = 300_000  # a wall clock that jumps further than this without being synchronised is not believed
OFF_MAX_MS: Final = 5_184_000_000  # 60 days, a certificate's 30 and 30 of grace: off for longer it is enrolled anew
NEW_MAX_MS: Final = 315_360_000_000  # ten years from 2026 on: who remembers nothing can judge no battery clock better
STEP_TOLD_MS: Final = 1_000  # a smaller step is no event
CHANGES_MAX: Final = 16  # between two looks; a clock that is moved more often tells the last ones
