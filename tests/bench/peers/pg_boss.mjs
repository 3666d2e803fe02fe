// pg-boss: fetch + complete in as many loops as there are connections, and insert.
import { PgBoss } from 'pg-boss';

import { answer, batches, now_ms, numbers, payload, put_all, warm_up_tasks } from './measure.mjs';

const insert_size = 1000;

async function put(boss, queue, tasks, connections, size) {
  const source = batches(tasks, size, (number) => ({ data: payload(number) }));
  return put_all(source, connections, (jobs) => boss.insert(queue, jobs));
}

async function work_off(boss, queue, connections, per_call) {
  const cycles = [];
  let done = 0;
  const loop = async () => {
    for (;;) {
      const began = now_ms();
      const jobs = await boss.fetch(queue, { batchSize: per_call });
      if (jobs.length === 0) return;
      const ids = jobs.map((job) => job.id);
      await boss.complete(queue, ids.length === 1 ? ids[0] : ids);
      cycles.push(now_ms() - began);
      done += ids.length;
    }
  };
  const began = now_ms();
  await Promise.all(Array.from({ length: connections }, loop));
  return numbers(done, now_ms() - began, cycles);
}

await answer(async ({ scenario, connections, tasks, per_call }) => {
  const boss = new PgBoss({ max: connections, supervise: false, schedule: false });
  boss.on('error', (error) => console.error(`pg-boss: ${error.message}`));
  await boss.start();
  try {
    await boss.createQueue('warm');
    await boss.createQueue('work');
    await put(boss, 'warm', warm_up_tasks, connections, insert_size);
    if (scenario === 'enqueue') {
      const elapsed = await put(boss, 'work', tasks, connections, per_call);
      return { ...numbers(tasks, elapsed, []), way: `insert of ${per_call}` };
    }
    await put(boss, 'work', tasks, connections, insert_size);
    await boss.getDb().executeSql('VACUUM ANALYZE');
    await work_off(boss, 'warm', connections, per_call);
    const found = await work_off(boss, 'work', connections, per_call);
    return { ...found, way: `fetch of ${per_call} + complete` };
  } finally {
    await boss.stop({ graceful: false });
  }
});
