-- A device may change its signing key, so keys are rows of their own; a claim lets a device in once; what was revoked
-- stands in the revocation list until it would have ended anyway.

CREATE TABLE keys (
    kid         TEXT PRIMARY KEY,       -- DEVICE, then DEVICE.2, DEVICE.3
    device      TEXT NOT NULL REFERENCES devices (device),
    number      INTEGER NOT NULL,
    public      BLOB NOT NULL UNIQUE,   -- Ed25519, 32 bytes; one key is never two devices'
    state       TEXT NOT NULL,          -- active | retired | revoked
    since_ms    INTEGER NOT NULL,
    until_ms    INTEGER                 -- of a retired key: until then what it signed is taken
) STRICT;
CREATE INDEX keys_by_device ON keys (device, number);
INSERT INTO keys (kid, device, number, public, state, since_ms)
    SELECT device, device, 1, public, CASE revoked WHEN 0 THEN 'active' ELSE 'revoked' END, enrolled_ms FROM devices;
ALTER TABLE devices DROP COLUMN public;
ALTER TABLE devices DROP COLUMN revoked;

CREATE TABLE claims (
    digest      BLOB PRIMARY KEY,       -- SHA-256 of the code: whoever reads this table can claim nothing
    device      TEXT NOT NULL,
    post        TEXT NOT NULL,
    made_ms     INTEGER NOT NULL,
    ends_ms     INTEGER NOT NULL,
    public      BLOB                    -- the key that used it; NULL while nobody has
) STRICT;
CREATE INDEX claims_by_device ON claims (device);

CREATE TABLE revocations (
    serial      TEXT PRIMARY KEY REFERENCES certificates (serial),
    revoked_ms  INTEGER NOT NULL,
    reason      TEXT NOT NULL
) STRICT;
CREATE INDEX certificates_by_name ON certificates (name);

CREATE TABLE register_version (         -- rises with every change of a device or a key
    version     INTEGER NOT NULL
) STRICT;
INSERT INTO register_version (version) VALUES (1);
