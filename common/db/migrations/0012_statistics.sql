-- What the metrics of policies are read from: the newest runs that were satisfied, or ended at all.
-- docs/operations.md, "Metrics".
-- transactional: yes
-- breaking: no

CREATE INDEX runs_satisfied_last ON lethe.runs (policy, id) WHERE state = 'satisfied';
CREATE INDEX runs_ended ON lethe.runs (policy, id) WHERE finished_at IS NOT NULL AND state <> 'skipped';
