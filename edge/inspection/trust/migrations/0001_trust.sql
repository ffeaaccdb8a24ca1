-- What was imported, each with its own standing. A source counts while it is trusted and nothing newer replaced it.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('certificate', 'master-list', 'ldif')),
    country TEXT NOT NULL,
    issued_at TEXT, -- by its signer's own word
    version INTEGER, -- the directory's count
    imported_at TEXT NOT NULL,
    chain BLOB, -- of a master list: its signer's certificate, and what rode along
    standing TEXT NOT NULL CHECK (standing IN ('trusted', 'untrusted', 'superseded')),
    why TEXT NOT NULL DEFAULT ''
);

-- Every certificate that ever came, by the SHA-256 of its bytes; what the others say is read once, for the indices.
CREATE TABLE certificates (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    der BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('authority', 'signer', 'unread')),
    trusted INTEGER NOT NULL DEFAULT 0,
    country TEXT NOT NULL,
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    serial TEXT NOT NULL, -- in hexadecimal digits
    key_id BLOB,
    key_sha256 BLOB, -- of the public key: two certificates of one key are a root and its link
    ends TEXT NOT NULL,
    odd TEXT NOT NULL -- why, one reason a line
);
CREATE INDEX certificates_key_id ON certificates (key_id);
CREATE INDEX certificates_subject ON certificates (subject);
CREATE INDEX certificates_country ON certificates (country, role);
CREATE INDEX certificates_serial ON certificates (serial);
CREATE INDEX certificates_trusted ON certificates (trusted) WHERE trusted;

CREATE TABLE held (
    source INTEGER NOT NULL REFERENCES sources,
    certificate INTEGER NOT NULL REFERENCES certificates,
    PRIMARY KEY (certificate, source)
) WITHOUT ROWID;
CREATE INDEX held_source ON held (source);

CREATE TABLE crls (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    der BLOB NOT NULL,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    issuer TEXT NOT NULL,
    authority_key_id BLOB,
    issued_on TEXT NOT NULL,
    next_update TEXT,
    imported_at TEXT NOT NULL,
    checked INTEGER NOT NULL DEFAULT 0 -- whether a trusted CSCA's key signed it
);
CREATE INDEX crls_country ON crls (country);
CREATE INDEX crls_issuer ON crls (issuer);
CREATE INDEX crls_key_id ON crls (authority_key_id);

CREATE TABLE deviation_lists (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    der BLOB NOT NULL,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    signed_on TEXT,
    imported_at TEXT NOT NULL,
    checked INTEGER NOT NULL DEFAULT 0 -- whether a signer for such lists, below a trusted CSCA, signed it
);
