-- By which servers the batches of a run were written, and the cutoffs that were in force.
--
--   $1 text     run
-- Returns  database, server_version, system_identifier (of this server now), written_by (system
--          identifier/timeline, each once; NULL: no batch), oldest_cutoff, newest_cutoff (ISO 8601; NULL: no batch)
-- Locks    none
-- Index    ledger_run
-- Caller   PgTargetProof::evidence
SELECT current_database()::text AS database, current_setting('server_version') AS server_version,
       (SELECT s.system_identifier::text FROM pg_control_system() s) AS system_identifier,
       string_agg(DISTINCT l.system_identifier || '/' || l.timeline, ', ') AS written_by,
       to_char(min(l.cutoff) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS oldest_cutoff,
       to_char(max(l.cutoff) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS newest_cutoff
  FROM (SELECT 1) one
  LEFT JOIN lethe.ledger l ON l.run = $1::text
