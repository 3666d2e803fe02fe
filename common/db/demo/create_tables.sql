-- The tables of the demonstration, empty: one table for many tenants, one that is partitioned by
-- month, one of short-lived keys.
--
-- Affects  the schema only
-- Locks    the new tables
-- Index    none
-- Caller   PgDemoData::create_tables
CREATE TABLE public.executions (
  id          bigint PRIMARY KEY,
  tenant_id   text NOT NULL,
  status      text NOT NULL,
  started_at  timestamptz,           -- NULL: never started; then created_at counts
  created_at  timestamptz NOT NULL,
  payload     text NOT NULL
);
CREATE INDEX executions_tenant_created ON public.executions (tenant_id, created_at);

CREATE TABLE public.events (
  id          bigint NOT NULL,
  kind        text NOT NULL,
  occurred_at timestamptz NOT NULL,
  payload     text NOT NULL,
  PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX events_occurred ON public.events (occurred_at);

-- This month and the twelve before it: together they hold a year, whatever the day is.
DO $$
DECLARE
  this_month constant timestamptz := date_trunc('month', clock_timestamp());
  month timestamptz;
BEGIN
  FOR ago IN REVERSE 12..0 LOOP
    month := this_month - ago * interval '1 month';
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.events FOR VALUES FROM (%L) TO (%L)',
                   to_char(month, '"events_"YYYY_MM'), month, month + interval '1 month');
  END LOOP;
END $$;
CREATE TABLE public.events_default PARTITION OF public.events DEFAULT;

CREATE TABLE public.idempotency_keys (
  key         text PRIMARY KEY,
  state       text NOT NULL,
  created_at  timestamptz NOT NULL
);
