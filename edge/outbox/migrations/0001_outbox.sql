-- A boot begins with each opening of the outbox. Its id is random, its number only rises: a restored disk image
-- cannot pass for the device it was copied from.
CREATE TABLE boots (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    boot     TEXT    NOT NULL UNIQUE,
    last_seq INTEGER NOT NULL DEFAULT 0,
    last_ms  INTEGER NOT NULL DEFAULT 0   -- wall clock of the newest event: the floor of the next boot's clock
) STRICT;

-- One frame each, sealed to the region and signed when it was written. Nothing personal can be read from it here.
CREATE TABLE frames (
    place     INTEGER PRIMARY KEY AUTOINCREMENT,
    boot      TEXT    NOT NULL REFERENCES boots (boot),
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL CHECK (last_seq >= first_seq),
    frame     BLOB    NOT NULL,
    UNIQUE (boot, first_seq)
) STRICT;
