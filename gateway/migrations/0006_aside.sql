-- What a sender fills is bodies, no longer rows; each number that was set aside has its own row; the gateway's alarms
-- are said again when the same happens again, and a person settles them.

ALTER TABLE quarantine RENAME TO quarantine_1;
CREATE TABLE quarantine (
    row          INTEGER PRIMARY KEY AUTOINCREMENT,
    sender       TEXT NOT NULL,         -- the device whose signature was good, else ''
    topic        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    detail       TEXT NOT NULL DEFAULT '',
    boot         TEXT NOT NULL DEFAULT '',
    first        INTEGER NOT NULL DEFAULT 0,
    last         INTEGER NOT NULL DEFAULT 0,
    digest       BLOB NOT NULL,
    size_bytes   INTEGER NOT NULL,
    received_ms  INTEGER NOT NULL,
    body         BLOB,                  -- sealed; cut at a limit; NULL: retention took it, or the share was full
    retain_until TEXT NOT NULL,
    share        TEXT,                  -- whose room the body takes; NULL: nobody's, it is an event like any other
    UNIQUE (sender, topic, reason, boot, first, digest)
) STRICT;
INSERT INTO quarantine
    SELECT row, sender, topic, reason, detail, boot, first, last, digest, size_bytes, received_ms, body, retain_until,
        CASE WHEN reason <> 'sequence-conflict' THEN sender END
    FROM quarantine_1;
DELETE FROM sqlite_sequence WHERE name = 'quarantine';
INSERT INTO sqlite_sequence (name, seq) SELECT 'quarantine', seq FROM sqlite_sequence WHERE name = 'quarantine_1';
DROP TABLE quarantine_1;
CREATE INDEX quarantine_shares ON quarantine (share, sender, size_bytes) WHERE body IS NOT NULL;

ALTER TABLE lanes ADD COLUMN unkept INTEGER NOT NULL DEFAULT 0;     -- of unproven senders, for which there was no room

ALTER TABLE alarms ADD COLUMN last_ms INTEGER NOT NULL DEFAULT 0;   -- when it happened last
ALTER TABLE alarms ADD COLUMN said_ms INTEGER NOT NULL DEFAULT 0;   -- when people were told last
ALTER TABLE alarms ADD COLUMN settled_ms INTEGER;                   -- when somebody dealt with it; NULL: not yet
UPDATE alarms SET last_ms = since_ms, said_ms = since_ms;
CREATE INDEX alarms_open ON alarms (last_ms) WHERE settled_ms IS NULL;
