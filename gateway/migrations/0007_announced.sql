-- What devices said in their signed statuses: so that the region knows what is still to come, and which start had no event.

CREATE TABLE announced (                -- the newest starts of each device's outbox
    device      TEXT NOT NULL,
    number      INTEGER NOT NULL,       -- as in boots
    boot        TEXT NOT NULL,
    last_seq    INTEGER NOT NULL,       -- how far it had counted; 0: it told nothing
    PRIMARY KEY (device, number)
) STRICT, WITHOUT ROWID;
