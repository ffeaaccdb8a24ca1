-- A device may change its signing key, so keys are rows of their own; a claim lets a device in once; what was revoked
-- stands in the revocation list until it would have ended anyway.

CREATE TABLE keys (
    kid         TEXT COLLATE "C" PRIMARY KEY,       -- DEVICE, then DEVICE.2, DEVICE.3
    device      TEXT COLLATE "C" NOT NULL REFERENCES devices (device),
    number      BIGINT NOT NULL,
    public      BYTEA NOT NULL UNIQUE,   -- Ed25519, 32 bytes; one key is never two devices'
    state       TEXT COLLATE "C" NOT NULL,          -- active | retired | revoked
    since_ms    BIGINT NOT NULL,
    until_ms    BIGINT                 -- of a retired key: until then what it signed is taken
);
CREATE INDEX keys_by_device ON keys (device, number);
INSERT INTO keys (kid, device, number, public, state, since_ms)
    SELECT device, device, 1, public, CASE revoked WHEN 0 THEN 'active' ELSE 'revoked' END, enrolled_ms FROM devices;
ALTER TABLE devices DROP COLUMN public;
ALTER TABLE devices DROP COLUMN revoked;

CREATE TABLE claims (
    digest      BYTEA PRIMARY KEY,       -- SHA-256 of the code: whoever reads this table can claim nothing
    device      TEXT COLLATE "C" NOT NULL,
    post        TEXT COLLATE "C" NOT NULL,
    made_ms     BIGINT NOT NULL,
    ends_ms     BIGINT NOT NULL,
    public      BYTEA                    -- the key that used it; NULL while nobody has
);
CREATE INDEX claims_by_device ON claims (device);

CREATE TABLE revocations (
    serial      TEXT COLLATE "C" PRIMARY KEY REFERENCES certificates (serial),
    revoked_ms  BIGINT NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL
);
CREATE INDEX certificates_by_name ON certificates (name);

CREATE TABLE register_version (         -- rises with every change of a device or a key
    version     BIGINT NOT NULL
);
INSERT INTO register_version (version) VALUES (1);
