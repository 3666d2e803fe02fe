-- What the metrics of policies are read from, by the policy as it is now: target and spec lead to its
-- newest runs. The longer indexes take the place of those that knew the name alone.
-- transactional: yes
-- breaking: no

DROP INDEX lethe.runs_proven, lethe.runs_satisfied_last, lethe.runs_ended;
CREATE INDEX runs_proven ON lethe.runs (policy, target, spec_sha256, id) WHERE state = 'satisfied';
CREATE INDEX runs_ended ON lethe.runs (policy, target, spec_sha256, id)
  WHERE finished_at IS NOT NULL AND state <> 'skipped';
