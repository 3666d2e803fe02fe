-- What the control database knows of proofs: where the audit ends, and where the chain of each task in
-- its target's ledger does. docs/proof.md.
-- transactional: yes
-- breaking: yes

-- The newest entry, so that missing last ones show. One row.
CREATE TABLE lethe.audit_head (
  one          boolean PRIMARY KEY DEFAULT true CHECK (one),
  id           bigint NOT NULL,                -- 0: no entry yet
  hash         text NOT NULL
) WITH (fillfactor = 50);

INSERT INTO lethe.audit_head (id, hash)
SELECT coalesce(max(a.id), 0), coalesce((array_agg(a.hash ORDER BY a.id DESC))[1], '') FROM lethe.audit a;

CREATE INDEX audit_object ON lethe.audit (object, id);

-- How much of a task must be in its target's ledger. Written when a task that deletes has ended, with
-- the settlement of its last lease; kept as long as the runs are.
CREATE TABLE lethe.ledger_heads (
  target       text COLLATE "C" NOT NULL,
  task         text COLLATE "C" NOT NULL,
  run          text COLLATE "C" NOT NULL,
  batches      bigint NOT NULL,
  rows         bigint NOT NULL,
  hash         text,                           -- of its last batch; NULL: no worker lived to tell
  PRIMARY KEY (target, task)
);
CREATE INDEX ledger_heads_run ON lethe.ledger_heads (run, task);
