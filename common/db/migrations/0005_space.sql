-- What a run leaves behind: where the bytes of its table are, and whether it was vacuumed.
-- transactional: yes
-- breaking: yes

ALTER TABLE lethe.runs
  ADD COLUMN space jsonb,  -- the members of Space (common/tasks/space.hpp) that are known; NULL: not looked at
  ADD COLUMN vacuum text,  -- NULL: not asked for, or not yet; 'done'; else why not
  DROP CONSTRAINT runs_state_check,
  ADD CONSTRAINT runs_state_check
    CHECK (state IN ('queued', 'planned', 'cleaning', 'verifying', 'vacuuming', 'satisfied', 'failed',
                     'cancelled', 'expired', 'refused', 'skipped'));
