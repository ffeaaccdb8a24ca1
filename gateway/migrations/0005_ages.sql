-- How old is the oldest event of each 10,000 rows? So that retention finds every one that is due, in whatever order the
-- gateway's clock let them come, and reads nothing twice. No index: each event would pay for it when it comes in.

CREATE TABLE ages (
    last        INTEGER PRIMARY KEY,    -- the highest row of these 10,000
    oldest_ms   INTEGER                 -- when the oldest of them was received; NULL: none is left
) STRICT;
