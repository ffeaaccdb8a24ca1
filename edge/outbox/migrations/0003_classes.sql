-- A row's place says which boot wrote it and with which number it begins: (boots.number << 40) | first number. One key
-- instead of three, so that a commit writes one page.
CREATE TABLE frames_3 (
    place     INTEGER PRIMARY KEY,
    last_seq  INTEGER NOT NULL,
    time_ms   INTEGER NOT NULL,              -- wall clock of its newest event
    telemetry INTEGER NOT NULL,              -- 1: goes first when there is no more room
    frame     BLOB    NOT NULL
) STRICT;
INSERT INTO frames_3
    SELECT (number << 40) | first_seq, frames.last_seq, last_ms, 0, frame FROM frames JOIN boots USING (boot);

-- What the current boot has counted is read off its last row; it stands here as soon as a row of it is struck off.
ALTER TABLE boots ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;           -- events struck off, or dropped and declared
ALTER TABLE boots ADD COLUMN payload_bytes INTEGER NOT NULL DEFAULT 0;  -- recorded, and written to the disk for it
ALTER TABLE boots ADD COLUMN written_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE boots SET gone = last_seq - coalesce(
    (SELECT sum(frames.last_seq - first_seq + 1) FROM frames WHERE frames.boot = boots.boot), 0
);

DROP TABLE frames;
ALTER TABLE frames_3 RENAME TO frames;
CREATE INDEX frames_telemetry ON frames (place, last_seq) WHERE telemetry = 1;

CREATE TABLE open_crossings_3 (crossing TEXT PRIMARY KEY, visit INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO open_crossings_3 SELECT crossing, visit FROM open_crossings;
DROP TABLE open_crossings;
ALTER TABLE open_crossings_3 RENAME TO open_crossings;
