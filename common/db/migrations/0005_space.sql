-- Where the bytes of a run's table are at its end: the members of Space (common/tasks/space.hpp) that
-- are known. NULL: not looked at.
-- transactional: yes
-- breaking: no

ALTER TABLE lethe.runs ADD COLUMN space jsonb;
