// graphile-worker: its own runner with a task that does nothing, and addJobs.
//
// One by one it fetches and completes each job by itself, in one process or in one process per
// connection; in batches it fetches through its local queue and completes together.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { Logger, makeWorkerUtils, run, runOnce } from 'graphile-worker';
import pg from 'pg';

import { answer, batches, now_ms, numbers, payload, put_all, warm_up_tasks } from './measure.mjs';

const insert_size = 1000;
const logger = new Logger(() => () => {});
const nothing = async () => {};

/** A pool as graphile-worker wants it: with handlers for errors, which end the measurement. */
function make_pool(max) {
  const pool = new pg.Pool({ max });
  const fail = (error) => {
    throw error;
  };
  pool.on('error', fail);
  pool.on('connect', (client) => client.on('error', fail));
  return pool;
}

function runner(pool, connections, tasks) {
  return runOnce({
    pgPool: pool,
    logger,
    noHandleSignals: true,
    taskList: tasks,
    preset: { worker: { concurrentJobs: connections } },
  });
}

async function put(pool, identifier, tasks, connections, size) {
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  await utils.migrate();
  const make = (number) => ({ identifier, payload: payload(number) });
  const source = batches(tasks, size, make);
  const elapsed = await put_all(source, connections, (jobs) => utils.addJobs(jobs));
  await utils.release();
  return elapsed;
}

async function in_one_process(pool, connections) {
  await runner(pool, connections, { warm: nothing });
  const began = now_ms();
  await runner(pool, connections, { work: nothing });
  return now_ms() - began;
}

/** A process per connection; each says "ready" after its warm-up and starts at "go". */
async function in_processes(connections) {
  const children = Array.from({ length: connections }, () =>
    fork(fileURLToPath(import.meta.url), ['child']),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const began = now_ms();
  const ends = children.map((child) => once(child, 'exit'));
  for (const child of children) child.send('go');
  await Promise.all(children.map((child) => once(child, 'message')));
  const elapsed = now_ms() - began;
  await Promise.all(ends);
  return elapsed;
}

async function be_child() {
  const pool = make_pool(1);
  await runner(pool, 1, { warm: nothing });
  const go = once(process, 'message');
  process.send('ready');
  await go;
  await runner(pool, 1, { work: nothing });
  process.send('done');
  await pool.end();
  process.disconnect();
}

async function through_local_queue(pool, connections, tasks, per_call) {
  let left = tasks;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const work = async () => {
    if (--left === 0) finish();
  };
  const began = now_ms();
  const running = await run({
    pgPool: pool,
    logger,
    noHandleSignals: true,
    taskList: { work },
    preset: {
      worker: {
        concurrentJobs: connections * per_call,
        localQueue: { size: connections * per_call },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
  await finished;
  await running.stop();
  return now_ms() - began;
}

async function measure({ scenario, connections, tasks, per_call, processes }) {
  const listening = scenario === 'batch' ? 1 : 0;
  const pool = make_pool(connections + listening);
  try {
    await put(pool, 'warm', warm_up_tasks, connections, insert_size);
    if (scenario === 'enqueue') {
      const elapsed = await put(pool, 'work', tasks, connections, per_call);
      return { ...numbers(tasks, elapsed, []), way: `addJobs of ${per_call}` };
    }
    await put(pool, 'work', tasks, connections, insert_size);
    await pool.query('VACUUM ANALYZE');
    if (scenario === 'batch') {
      await runner(pool, connections, { warm: nothing });
      const elapsed = await through_local_queue(pool, connections, tasks, per_call);
      return { ...numbers(tasks, elapsed, []), way: `local queue of ${connections * per_call}` };
    }
    if (processes) {
      const elapsed = await in_processes(connections);
      return { ...numbers(tasks, elapsed, []), way: `runner in ${connections} processes` };
    }
    const elapsed = await in_one_process(pool, connections);
    return { ...numbers(tasks, elapsed, []), way: `runner, concurrency ${connections}` };
  } finally {
    await pool.end();
  }
}

if (process.argv[2] === 'child') {
  await be_child();
} else {
  await answer(measure);
}
