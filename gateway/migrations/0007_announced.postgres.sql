-- As 0007_announced.sql.

CREATE TABLE announced (
    device      TEXT COLLATE "C" NOT NULL,
    number      BIGINT NOT NULL,
    boot        TEXT COLLATE "C" NOT NULL,
    last_seq    BIGINT NOT NULL,
    PRIMARY KEY (device, number)
);
