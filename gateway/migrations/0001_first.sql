-- The first store of a region. Nothing personal stands in any column but events.body and quarantine.body,
-- and both are sealed with the store's key and carry the date on which they must be gone.

CREATE TABLE devices (
    device      TEXT PRIMARY KEY,
    region      TEXT NOT NULL,
    post        TEXT NOT NULL,
    public      BLOB NOT NULL,          -- Ed25519, 32 bytes
    revoked     INTEGER NOT NULL DEFAULT 0,
    enrolled_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE certificates (             -- every certificate this region's authority ever gave
    serial      TEXT PRIMARY KEY,       -- so none can be given twice
    name        TEXT NOT NULL,
    purpose     TEXT NOT NULL,          -- broker | worker | device
    not_after   TEXT NOT NULL
) STRICT;

CREATE TABLE events (
    row           INTEGER PRIMARY KEY AUTOINCREMENT,
    device        TEXT NOT NULL,
    post          TEXT NOT NULL,
    boot          TEXT NOT NULL,
    seq           INTEGER NOT NULL,
    id            TEXT NOT NULL,
    digest        BLOB NOT NULL,        -- keyed, so it tells nothing without the store's key
    type          TEXT NOT NULL,
    time          TEXT NOT NULL,        -- as the device told it
    clock         TEXT NOT NULL,        -- synced | holdover | unknown
    crossing      TEXT,
    visit         INTEGER,
    direction     TEXT NOT NULL DEFAULT '',
    place         TEXT NOT NULL DEFAULT '',
    reasons       TEXT NOT NULL DEFAULT '[]',
    cause         TEXT NOT NULL DEFAULT '',
    document_type TEXT NOT NULL DEFAULT '',
    issuer        TEXT NOT NULL DEFAULT '',
    timings_ms    TEXT,
    total_ms      REAL,
    received_ms   INTEGER NOT NULL,
    body          BLOB,                 -- sealed; NULL once retention has taken it
    retain_until  TEXT NOT NULL,
    UNIQUE (device, boot, seq),
    UNIQUE (device, id)                 -- holds the device: nobody can claim another's id first
) STRICT;
CREATE INDEX events_by_crossing ON events (device, crossing) WHERE crossing IS NOT NULL;
CREATE INDEX events_by_retention ON events (retain_until) WHERE body IS NOT NULL;

CREATE TABLE arrived (                  -- stretches of sequence numbers that came, stored or quarantined
    device      TEXT NOT NULL,
    boot        TEXT NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    PRIMARY KEY (device, boot, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE contested (                -- sequence numbers and event ids that two different events claimed
    device      TEXT NOT NULL,
    claim       TEXT NOT NULL,          -- seq:BOOT/N or id:UUID
    PRIMARY KEY (device, claim)
) STRICT, WITHOUT ROWID;

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
    body         BLOB,                  -- sealed; cut at a limit
    retain_until TEXT NOT NULL,
    UNIQUE (sender, topic, reason, digest)
) STRICT;

CREATE TABLE alarms (                   -- what the gateway itself has to say about a device
    device      TEXT NOT NULL,
    code        TEXT NOT NULL,
    boot        TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    since_ms    INTEGER NOT NULL,
    PRIMARY KEY (device, code, boot, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE crossings (                -- read model: can be rebuilt from events at any time
    device        TEXT NOT NULL,
    crossing      TEXT NOT NULL,
    post          TEXT NOT NULL,
    visit         INTEGER NOT NULL,
    direction     TEXT NOT NULL,
    state         TEXT NOT NULL,        -- granted | referred | abandoned | left
    time          TEXT NOT NULL,        -- of the event that made the state
    granted       TEXT,                 -- times of the events, as the device told them
    referred      TEXT,
    abandoned     TEXT,
    departed      TEXT,
    place         TEXT NOT NULL,
    reasons       TEXT NOT NULL,
    cause         TEXT NOT NULL,
    document_type TEXT NOT NULL,
    issuer        TEXT NOT NULL,
    latest_row    INTEGER NOT NULL,
    PRIMARY KEY (device, crossing)
) STRICT, WITHOUT ROWID;
CREATE INDEX crossings_by_row ON crossings (latest_row);
CREATE INDEX crossings_by_lane ON crossings (device, latest_row);
CREATE INDEX crossings_referred ON crossings (latest_row) WHERE referred IS NOT NULL;

CREATE TABLE counts (
    name        TEXT PRIMARY KEY,
    value       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counts (name, value) VALUES
    ('events', 0), ('crossings', 0), ('granted', 0), ('referred', 0), ('abandoned', 0), ('left', 0),
    ('duplicates_offered', 0), ('quarantined', 0);
