-- Three roles: whoever runs the migrations owns the schema; ingestor_ingest is granted to the service's user,
-- ingestor_reader to people and dashboards. Roles belong to the cluster, so they may be there already; where
-- this user may not create them, the owner does all the work and the grants are left out.

DO $$
DECLARE
    role_name text;
    schema_name text := quote_ident(current_schema());
BEGIN
    FOREACH role_name IN ARRAY ARRAY['ingestor_ingest', 'ingestor_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL; -- another database of the cluster was quicker
            WHEN insufficient_privilege THEN
                RAISE WARNING 'may not create role %: its grants are left out', role_name;
                RETURN;
        END;
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO ingestor_ingest, ingestor_reader', schema_name);
    EXECUTE 'GRANT SELECT ON processed_files, file_events, logs, rejected_entries, raw_originals, files TO ingestor_reader';
    EXECUTE 'GRANT SELECT, INSERT, UPDATE ON processed_files TO ingestor_ingest';
    EXECUTE 'GRANT SELECT, INSERT ON file_events TO ingestor_ingest';
    EXECUTE 'GRANT SELECT, INSERT, DELETE ON logs, rejected_entries, raw_originals TO ingestor_ingest';
    EXECUTE 'GRANT SELECT ON files TO ingestor_ingest';
END
$$;
