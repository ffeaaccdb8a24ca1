-- The intake at speed: a boot is one row and a small number; times are numbers; read models are kept by lane, so that
-- workers never meet in one row. What was stored before is carried over.

CREATE TABLE boots (                    -- what each start of each device's outbox has shown, by every frame it signed
    key         INTEGER PRIMARY KEY,
    device      TEXT NOT NULL,
    post        TEXT NOT NULL,
    boot        TEXT NOT NULL,          -- 32 hex digits
    number      INTEGER NOT NULL,       -- 1, 2, 3 ... on this device; 0: an older edge does not say
    first_ms    INTEGER,                -- earliest and latest time of its events, as the device told them
    last_ms     INTEGER,
    synced_mono INTEGER,                -- its first event with a true clock: by it the whole boot can be dated again
    synced_ms   INTEGER,
    UNIQUE (device, boot)
) STRICT;

ALTER TABLE events RENAME TO events_1;
CREATE TABLE events (
    row           INTEGER PRIMARY KEY AUTOINCREMENT,
    boot_key      INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    device        TEXT NOT NULL,
    id            BLOB NOT NULL,        -- UUID, 16 bytes
    digest        BLOB NOT NULL,        -- keyed, so it tells nothing without the store's key
    type          TEXT NOT NULL,
    time_ms       INTEGER NOT NULL,     -- as the device told it
    mono_ms       INTEGER,              -- since its boot
    clock         TEXT NOT NULL,        -- synced | holdover | unknown
    crossing      TEXT,
    visit         INTEGER,
    direction     TEXT NOT NULL,
    place         TEXT NOT NULL,
    reasons       TEXT NOT NULL,
    cause         TEXT NOT NULL,
    document_type TEXT NOT NULL,
    issuer        TEXT NOT NULL,
    timings_ms    TEXT,
    total_ms      REAL,
    received_ms   INTEGER NOT NULL,
    body          BLOB,                 -- sealed; NULL once retention has taken it
    retain_until  TEXT NOT NULL,
    UNIQUE (boot_key, seq),
    UNIQUE (device, id)                 -- holds the device: nobody can claim another's id first (D29)
) STRICT;
INSERT INTO boots (device, post, boot, number, first_ms, last_ms)
    SELECT device, max(post), boot, 0, min(ms), max(ms) FROM (
        SELECT device, post, boot,
            CAST(strftime('%s', time) AS INTEGER) * 1000 + CAST(substr(time, 21, 3) AS INTEGER) AS ms FROM events_1
        UNION ALL SELECT arrived.device, devices.post, boot, NULL FROM arrived
            JOIN devices ON devices.device = arrived.device
    ) GROUP BY device, boot;
INSERT INTO events
    SELECT row, key, seq, events_1.device, from_hex(replace(id, '-', '')), digest, type,
        CAST(strftime('%s', time) AS INTEGER) * 1000 + CAST(substr(time, 21, 3) AS INTEGER), NULL, clock, crossing, visit,
        direction, place, reasons, cause, document_type, issuer, timings_ms, total_ms, received_ms, body, retain_until
    FROM events_1 JOIN boots ON boots.device = events_1.device AND boots.boot = events_1.boot;
DROP TABLE events_1;
CREATE INDEX events_by_crossing ON events (device, crossing) WHERE crossing IS NOT NULL;
CREATE INDEX events_by_retention ON events (retain_until) WHERE body IS NOT NULL;

CREATE VIEW told AS                     -- events by the names that people and pages use
    SELECT events.row, events.device, boots.post, boots.boot, events.seq, lower(hex(events.id)) AS id, events.digest,
        events.type, events.time_ms, events.mono_ms, events.clock,
        CASE WHEN events.clock = 'synced' OR boots.synced_ms IS NULL OR events.mono_ms IS NULL THEN events.time_ms
            ELSE boots.synced_ms + events.mono_ms - boots.synced_mono END AS true_ms,
        events.crossing, events.visit, events.direction, events.place, events.reasons, events.cause,
        events.document_type, events.issuer, events.timings_ms, events.total_ms, events.received_ms, events.body,
        events.retain_until
    FROM events JOIN boots ON boots.key = events.boot_key;

ALTER TABLE arrived RENAME TO arrived_1;
CREATE TABLE arrived (                  -- stretches of sequence numbers that came, stored or quarantined
    boot_key    INTEGER NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    PRIMARY KEY (boot_key, first)
) STRICT, WITHOUT ROWID;
INSERT INTO arrived SELECT key, first, last FROM arrived_1
    JOIN boots ON boots.device = arrived_1.device AND boots.boot = arrived_1.boot;
DROP TABLE arrived_1;
CREATE INDEX arrived_holes ON arrived (boot_key, first) WHERE first > 1;

CREATE TABLE dropped (                  -- stretches that a signed event says were never sent
    boot_key    INTEGER NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    PRIMARY KEY (boot_key, first)
) STRICT, WITHOUT ROWID;

DROP TABLE crossings;
CREATE TABLE crossings (                -- read model: can be rebuilt from events at any time
    crossing      TEXT NOT NULL,
    device        TEXT NOT NULL,
    post          TEXT NOT NULL,
    visit         INTEGER NOT NULL,
    moved_ms      INTEGER NOT NULL,     -- when it last went on: no later than that was received
    granted_ms    INTEGER,              -- times of the events, as the device told them
    referred_ms   INTEGER,
    abandoned_ms  INTEGER,
    left_ms       INTEGER,
    direction     TEXT NOT NULL,
    place         TEXT NOT NULL,
    reasons       TEXT NOT NULL,
    cause         TEXT NOT NULL,
    document_type TEXT NOT NULL,
    issuer        TEXT NOT NULL,
    PRIMARY KEY (crossing, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX crossings_by_time ON crossings (moved_ms);
CREATE INDEX crossings_by_lane ON crossings (device, moved_ms);
CREATE INDEX crossings_referred ON crossings (moved_ms) WHERE referred_ms IS NOT NULL;

CREATE TABLE lanes (                    -- read model: what each device has told, counted
    device      TEXT PRIMARY KEY,
    events      INTEGER NOT NULL DEFAULT 0,
    alarms      INTEGER NOT NULL DEFAULT 0,
    crossings   INTEGER NOT NULL DEFAULT 0,
    granted     INTEGER NOT NULL DEFAULT 0,
    referred    INTEGER NOT NULL DEFAULT 0,
    abandoned   INTEGER NOT NULL DEFAULT 0,
    departed    INTEGER NOT NULL DEFAULT 0,
    duplicates  INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO crossings
    SELECT crossing, events.device, max(post), min(visit),
        max(CASE WHEN clock = 'unknown' OR time_ms > received_ms THEN received_ms ELSE time_ms END),
        min(CASE WHEN type = 'crossing.granted.v1' THEN time_ms END),
        min(CASE WHEN type = 'crossing.referred.v1' THEN time_ms END),
        min(CASE WHEN type = 'crossing.abandoned.v1' THEN time_ms END),
        min(CASE WHEN type = 'crossing.left.v1' THEN time_ms END),
        coalesce(min(CASE WHEN type = 'crossing.granted.v1' THEN direction END), ''),
        coalesce(min(CASE WHEN type = 'crossing.referred.v1' THEN place END), ''),
        coalesce(min(CASE WHEN type = 'crossing.referred.v1' THEN reasons END), '[]'),
        coalesce(min(CASE WHEN type = 'crossing.abandoned.v1' THEN cause END), ''),
        coalesce(min(CASE WHEN type = 'crossing.granted.v1' THEN document_type END),
            min(CASE WHEN type = 'crossing.referred.v1' THEN document_type END), ''),
        coalesce(min(CASE WHEN type = 'crossing.granted.v1' THEN issuer END),
            min(CASE WHEN type = 'crossing.referred.v1' THEN issuer END), '')
    FROM events JOIN boots ON boots.key = events.boot_key WHERE crossing IS NOT NULL GROUP BY crossing, events.device;
INSERT INTO lanes (device, events, alarms)
    SELECT device, count(*), count(CASE WHEN type = 'lane.alarm.v1' THEN 1 END) FROM events GROUP BY device;
INSERT INTO lanes (device, crossings, granted, referred, abandoned, departed)
    SELECT device, count(*), count(granted_ms), count(referred_ms), count(abandoned_ms), count(left_ms)
    FROM crossings WHERE true GROUP BY device
    ON CONFLICT (device) DO UPDATE SET crossings = excluded.crossings, granted = excluded.granted,
        referred = excluded.referred, abandoned = excluded.abandoned, departed = excluded.departed;
INSERT INTO lanes (device, quarantined)
    SELECT sender, count(*) FROM quarantine WHERE true GROUP BY sender
    ON CONFLICT (device) DO UPDATE SET quarantined = excluded.quarantined;
INSERT INTO lanes (device, duplicates)
    SELECT '', value FROM counts WHERE name = 'duplicates_offered' AND value > 0
    ON CONFLICT (device) DO UPDATE SET duplicates = excluded.duplicates;
UPDATE contested SET claim = 'id:' || replace(substr(claim, 4), '-', '') WHERE claim LIKE 'id:%';
DROP TABLE counts;
