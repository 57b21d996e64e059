-- An ETag may be announced, looked at, and announced again: only a count tells whether somebody spoke meanwhile.

ALTER TABLE processed_files ADD COLUMN announcements bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN processed_files.announcements IS 'How often another version was announced; what was decided before the last time is decided again';
