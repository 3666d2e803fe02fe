-- How much a partition that went as a whole took on disk, with indexes and TOAST: nobody can ask
-- afterwards. NULL: rows went one by one. Part of the hash when not NULL.
-- transactional: yes
-- breaking: no

ALTER TABLE lethe.ledger ADD COLUMN bytes bigint;
