-- As 0006_aside.sql.

ALTER TABLE quarantine DROP CONSTRAINT quarantine_sender_topic_reason_digest_key;
ALTER TABLE quarantine ADD UNIQUE (sender, topic, reason, boot, first, digest);
ALTER TABLE quarantine ADD COLUMN share TEXT COLLATE "C";
UPDATE quarantine SET share = sender WHERE reason <> 'sequence-conflict';
CREATE INDEX quarantine_shares ON quarantine (share, sender, size_bytes) WHERE body IS NOT NULL;

ALTER TABLE lanes ADD COLUMN unkept BIGINT NOT NULL DEFAULT 0;

ALTER TABLE alarms ADD COLUMN last_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alarms ADD COLUMN said_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alarms ADD COLUMN settled_ms BIGINT;
UPDATE alarms SET last_ms = since_ms, said_ms = since_ms;
CREATE INDEX alarms_open ON alarms (last_ms) WHERE settled_ms IS NULL;
