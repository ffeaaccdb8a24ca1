-- What goes to the devices: orders that expire, lists with their numbers; and the epoch of the store itself.

CREATE TABLE epochs (                    -- a restore begins a new one; the newest counts
    number      BIGINT PRIMARY KEY,
    epoch       TEXT COLLATE "C" NOT NULL,           -- random, 16 hexadecimal digits
    begun_ms    BIGINT NOT NULL
);
INSERT INTO epochs (number, epoch, begun_ms) VALUES (1, left(replace(gen_random_uuid()::text, '-', ''), 16), 0);

CREATE TABLE orders (
    row         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device      TEXT COLLATE "C" NOT NULL,
    command     TEXT COLLATE "C" NOT NULL,
    expires_s   DOUBLE PRECISION NOT NULL,
    asked_ms    BIGINT NOT NULL,
    state       TEXT COLLATE "C" NOT NULL, -- asked | sent | answered | expired
    boot        TEXT COLLATE "C" NOT NULL DEFAULT '',
    counter     BIGINT NOT NULL DEFAULT 0,
    result      TEXT COLLATE "C" NOT NULL DEFAULT '',
    cause       TEXT COLLATE "C" NOT NULL DEFAULT '',
    body        BYTEA                     -- of the answer; it holds no person
);
CREATE INDEX orders_asked ON orders (asked_ms) WHERE state = 'asked';
CREATE UNIQUE INDEX orders_by_counter ON orders (device, counter) WHERE counter > 0;

CREATE TABLE counters (                  -- of the orders of each device: they only rise
    device      TEXT COLLATE "C" PRIMARY KEY,
    counter     BIGINT NOT NULL
);

CREATE TABLE lists (                     -- the newest number of each name, and a few before it
    name        TEXT COLLATE "C" NOT NULL,
    number      BIGINT NOT NULL,
    issued_ms   BIGINT NOT NULL,
    valid_s     BIGINT NOT NULL,
    digest      BYTEA NOT NULL,           -- SHA-256 of the content
    content     BYTEA NOT NULL,           -- keyed digests: no number and no name of anybody
    PRIMARY KEY (name, number)
);

CREATE TABLE manifests (                 -- one for each number that a device may hold; base 0: from nothing
    name        TEXT COLLATE "C" NOT NULL,
    base        BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    manifest    BYTEA NOT NULL,           -- signed
    digest      BYTEA NOT NULL,           -- of what is sent
    content     BYTEA NOT NULL,           -- what is sent: the delta, or the whole
    PRIMARY KEY (name, base)
);
