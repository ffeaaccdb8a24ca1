-- A crossing that was granted, and has neither left nor been given up yet: after a restart it must still come to its
-- end. The id is random and says nothing of a person.
CREATE TABLE open_crossings (
    crossing TEXT    PRIMARY KEY,
    visit    INTEGER NOT NULL
) STRICT;
