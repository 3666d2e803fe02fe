-- What a batch did to the children of the rows that it deleted.
-- transactional: yes
-- breaking: no

-- NULL: nothing. Else by child, as named at that moment: {"public.lines": {"deleted": 12}}, or changed
-- (SET NULL, SET DEFAULT). Part of the hash when not NULL. `rows` counts none of these.
ALTER TABLE lethe.ledger ADD COLUMN cascaded jsonb;
