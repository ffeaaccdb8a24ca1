-- What goes to the devices: orders that expire, lists with their numbers; and the epoch of the store itself.

CREATE TABLE epochs (                    -- a restore begins a new one; the newest counts
    number      INTEGER PRIMARY KEY,
    epoch       TEXT NOT NULL,           -- random, 16 hexadecimal digits
    begun_ms    INTEGER NOT NULL
) STRICT;
INSERT INTO epochs (number, epoch, begun_ms) VALUES (1, lower(hex(randomblob(8))), 0);

CREATE TABLE orders (
    row         INTEGER PRIMARY KEY AUTOINCREMENT,
    device      TEXT NOT NULL,
    command     TEXT NOT NULL,
    expires_s   REAL NOT NULL,
    asked_ms    INTEGER NOT NULL,
    state       TEXT NOT NULL,           -- asked | sent | answered | expired
    boot        TEXT NOT NULL DEFAULT '',
    counter     INTEGER NOT NULL DEFAULT 0,
    result      TEXT NOT NULL DEFAULT '',
    cause       TEXT NOT NULL DEFAULT '',
    body        BLOB                     -- of the answer; it holds no person
) STRICT;
CREATE INDEX orders_asked ON orders (asked_ms) WHERE state = 'asked';
CREATE UNIQUE INDEX orders_by_counter ON orders (device, counter) WHERE counter > 0;

CREATE TABLE counters (                  -- of the orders of each device: they only rise
    device      TEXT PRIMARY KEY,
    counter     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lists (                     -- the newest number of each name, and a few before it
    name        TEXT NOT NULL,
    number      INTEGER NOT NULL,
    issued_ms   INTEGER NOT NULL,
    valid_s     INTEGER NOT NULL,
    digest      BLOB NOT NULL,           -- SHA-256 of the content
    content     BLOB NOT NULL,           -- keyed digests: no number and no name of anybody
    PRIMARY KEY (name, number)
) STRICT;

CREATE TABLE manifests (                 -- one for each number that a device may hold; base 0: from nothing
    name        TEXT NOT NULL,
    base        INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    manifest    BLOB NOT NULL,           -- signed
    digest      BLOB NOT NULL,           -- of what is sent
    content     BLOB NOT NULL,           -- what is sent: the delta, or the whole
    PRIMARY KEY (name, base)
) STRICT;
