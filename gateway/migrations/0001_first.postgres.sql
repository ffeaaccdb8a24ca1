-- The first store of a region. Nothing personal stands in any column but events.body and quarantine.body,
-- and both are sealed with the store's key and carry the date on which they must be gone.

CREATE TABLE devices (
    device      TEXT COLLATE "C" PRIMARY KEY,
    region      TEXT COLLATE "C" NOT NULL,
    post        TEXT COLLATE "C" NOT NULL,
    public      BYTEA NOT NULL,          -- Ed25519, 32 bytes
    revoked     BIGINT NOT NULL DEFAULT 0,
    enrolled_ms BIGINT NOT NULL
);

CREATE TABLE certificates (             -- every certificate this region's authority ever gave
    serial      TEXT COLLATE "C" PRIMARY KEY,       -- so none can be given twice
    name        TEXT COLLATE "C" NOT NULL,
    purpose     TEXT COLLATE "C" NOT NULL,          -- broker | worker | device
    not_after   TEXT COLLATE "C" NOT NULL
);

CREATE TABLE events (
    row           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device        TEXT COLLATE "C" NOT NULL,
    post          TEXT COLLATE "C" NOT NULL,
    boot          TEXT COLLATE "C" NOT NULL,
    seq           BIGINT NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    digest        BYTEA NOT NULL,        -- keyed, so it tells nothing without the store's key
    type          TEXT COLLATE "C" NOT NULL,
    time          TEXT COLLATE "C" NOT NULL,        -- as the device told it
    clock         TEXT COLLATE "C" NOT NULL,        -- synced | holdover | unknown
    crossing      TEXT COLLATE "C",
    visit         BIGINT,
    direction     TEXT COLLATE "C" NOT NULL DEFAULT '',
    place         TEXT COLLATE "C" NOT NULL DEFAULT '',
    reasons       TEXT COLLATE "C" NOT NULL DEFAULT '[]',
    cause         TEXT COLLATE "C" NOT NULL DEFAULT '',
    document_type TEXT COLLATE "C" NOT NULL DEFAULT '',
    issuer        TEXT COLLATE "C" NOT NULL DEFAULT '',
    timings_ms    TEXT COLLATE "C",
    total_ms      DOUBLE PRECISION,
    received_ms   BIGINT NOT NULL,
    body          BYTEA,                 -- sealed; NULL once retention has taken it
    retain_until  TEXT COLLATE "C" NOT NULL,
    UNIQUE (device, boot, seq),
    UNIQUE (device, id)                 -- holds the device: nobody can claim another's id first
);
CREATE INDEX events_by_crossing ON events (device, crossing) WHERE crossing IS NOT NULL;
CREATE INDEX events_by_retention ON events (retain_until) WHERE body IS NOT NULL;

CREATE TABLE arrived (                  -- stretches of sequence numbers that came, stored or quarantined
    device      TEXT COLLATE "C" NOT NULL,
    boot        TEXT COLLATE "C" NOT NULL,
    first       BIGINT NOT NULL,
    last        BIGINT NOT NULL,
    PRIMARY KEY (device, boot, first)
);

CREATE TABLE contested (                -- sequence numbers and event ids that two different events claimed
    device      TEXT COLLATE "C" NOT NULL,
    claim       TEXT COLLATE "C" NOT NULL,          -- seq:BOOT/N or id:UUID
    PRIMARY KEY (device, claim)
);

CREATE TABLE quarantine (
    row          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender       TEXT COLLATE "C" NOT NULL,         -- the device whose signature was good, else ''
    topic        TEXT COLLATE "C" NOT NULL,
    reason       TEXT COLLATE "C" NOT NULL,
    detail       TEXT COLLATE "C" NOT NULL DEFAULT '',
    boot         TEXT COLLATE "C" NOT NULL DEFAULT '',
    first        BIGINT NOT NULL DEFAULT 0,
    last         BIGINT NOT NULL DEFAULT 0,
    digest       BYTEA NOT NULL,
    size_bytes   BIGINT NOT NULL,
    received_ms  BIGINT NOT NULL,
    body         BYTEA,                  -- sealed; cut at a limit
    retain_until TEXT COLLATE "C" NOT NULL,
    UNIQUE (sender, topic, reason, digest)
);

CREATE TABLE alarms (                   -- what the gateway itself has to say about a device
    device      TEXT COLLATE "C" NOT NULL,
    code        TEXT COLLATE "C" NOT NULL,
    boot        TEXT COLLATE "C" NOT NULL,
    seq         BIGINT NOT NULL,
    since_ms    BIGINT NOT NULL,
    PRIMARY KEY (device, code, boot, seq)
);

CREATE TABLE crossings (                -- read model: can be rebuilt from events at any time
    device        TEXT COLLATE "C" NOT NULL,
    crossing      TEXT COLLATE "C" NOT NULL,
    post          TEXT COLLATE "C" NOT NULL,
    visit         BIGINT NOT NULL,
    direction     TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,        -- granted | referred | abandoned | left
    time          TEXT COLLATE "C" NOT NULL,        -- of the event that made the state
    granted       TEXT COLLATE "C",                 -- times of the events, as the device told them
    referred      TEXT COLLATE "C",
    abandoned     TEXT COLLATE "C",
    departed      TEXT COLLATE "C",
    place         TEXT COLLATE "C" NOT NULL,
    reasons       TEXT COLLATE "C" NOT NULL,
    cause         TEXT COLLATE "C" NOT NULL,
    document_type TEXT COLLATE "C" NOT NULL,
    issuer        TEXT COLLATE "C" NOT NULL,
    latest_row    BIGINT NOT NULL,
    PRIMARY KEY (device, crossing)
);
CREATE INDEX crossings_by_row ON crossings (latest_row);
CREATE INDEX crossings_by_lane ON crossings (device, latest_row);
CREATE INDEX crossings_referred ON crossings (latest_row) WHERE referred IS NOT NULL;

CREATE TABLE counts (
    name        TEXT COLLATE "C" PRIMARY KEY,
    value       BIGINT NOT NULL
);
INSERT INTO counts (name, value) VALUES
    ('events', 0), ('crossings', 0), ('granted', 0), ('referred', 0), ('abandoned', 0), ('left', 0),
    ('duplicates_offered', 0), ('quarantined', 0);
