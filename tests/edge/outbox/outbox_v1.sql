-- An outbox as version 1 wrote it: the schema of that release, one boot, and the golden frame still waiting.
-- A boot begins with each opening of the outbox. Its id is random, its number only rises: a restored disk image
-- cannot pass for the device it was copied from.
CREATE TABLE boots (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    boot     TEXT    NOT NULL UNIQUE,
    last_seq INTEGER NOT NULL DEFAULT 0,
    last_ms  INTEGER NOT NULL DEFAULT 0   -- wall clock of the newest event: the floor of the next boot's clock
) STRICT;

-- One frame each, sealed to the region and signed when it was written. Nothing personal can be read from it here.
CREATE TABLE frames (
    place     INTEGER PRIMARY KEY AUTOINCREMENT,
    boot      TEXT    NOT NULL REFERENCES boots (boot),
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL CHECK (last_seq >= first_seq),
    frame     BLOB    NOT NULL,
    UNIQUE (boot, first_seq)
) STRICT;

INSERT INTO boots (boot, last_seq, last_ms) VALUES ('0123456789abcdef0123456789abcdef', 17, 1795494615250);
INSERT INTO frames (boot, first_seq, last_seq, frame) VALUES ('0123456789abcdef0123456789abcdef', 17, 17, x'd2845856a5012703782a6170706c69636174696f6e2f766e642e626f72646572706f73742e6672616d652b636f73653b20763d3104466c616e652d3164626f6f74500123456789abcdef0123456789abcdef6473657173821111a059021bd8608443a10103a1054c0606060606060606060606065901c6927a70455e1fa3d2ffcfb8982380d032b2b702e44ac446010d0a0ac2b043f17c33e3a0887d3777944e675c02144395ebdcd84c5256889db37a5da058f1d0d351c042aeef04e652e8969d55c5ea647959bebc7d21be96dc49d87a28db94b0a8a84675d43d10c6ab88e09c0fc89cbd4d9a031303c6b82238276e39265f4a11603bced16d0b9a1267da4d57113af47c6f94080644782ba1cbe638a6b68e5d663257a84e80410322f8f53fc7cb0a122864661a49f157b6fa3e8c407d9a47d6b41331e0f23c3aa8a94715d256035ded075d810e5c9192c7fdd6133bf2a9f9f575fc350c4859112e99dea8e4c72f2547cc188af1eb42e5b036937916dccc6569a361ce5b0ed645219448b6f81025569a76d595accb0e5cb13d1c84fd1249330ce3a1cf40c83d2459d1228cc85f3c6b91d5831bb24293ccae3c2d97536a410388448b5cafed5bd4ee83bae40d64e95d7ed04ff1c6dcfbfb8bd98910e02085467578e5545e8badcac078052b2bc125029634727bbb3639cda0215a67fa096d1d0c347affdcf1c37a2e03e516f503cc6ccdd6e1c248a03433308aed68dfdabc74f87a3cc21eebdaddefa552dfc90aa61977dd57a86952de0816fe3cf5a6e6fa9eaffa2848228cf2d5e857818344a1013818a20448726567696f6e2d3120a30101200421582050a61409b1ddd0325e9b16b700e719e9772c07000b1bd7786e907c653d20495d405840fe80c0c5fcc6b8bc7f74b0a64f3de46fc1337da0d9d2bd5de24d2a0328b434310d98101003c33030e4b17f81d6e097bfcdd905f7a6299d49672150ef24f9180e');
PRAGMA user_version = 1;
