-- The rows of a small file are found at once among millions: logs_file_id, a BRIN index, reads whole months until they
-- are vacuumed. A file's first entries alone are indexed, so that loading large files costs no more than before.

CREATE INDEX logs_first_entries ON logs (file_id) WHERE ordinal < 1000;
