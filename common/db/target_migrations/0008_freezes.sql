-- A target that does not go on until a person has looked. docs/freezes.md.
-- transactional: yes
-- breaking: no

-- Of the row '*' alone. clock: the control database's clock jumped. database: this database is not
-- the one that the control database knows, or lacks what it knows of it. Beside `halted`, which an
-- operator's pause and its end move.
ALTER TABLE lethe.gate
  ADD COLUMN frozen_by text NOT NULL DEFAULT '' CHECK (frozen_by IN ('', 'clock', 'database')),
  ADD COLUMN frozen    text NOT NULL DEFAULT '',
  ADD CHECK ((frozen_by = '') = (frozen = '') AND (frozen_by = '' OR policy = '*'));
