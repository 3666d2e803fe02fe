// What every peer's program shares: its arguments, the clock, exact percentiles, the answer.
//
// A program is started as `node <peer>.mjs '<options as JSON>'` with PGHOST, PGPORT, PGUSER and
// PGDATABASE set to an empty database of its own, and prints one line of JSON:
// {"tasks_per_second": …, "p50_ms": …, "p99_ms": …, "way": "how it was done"}, or {"error": …}.

export const warm_up_tasks = 1000;

/** Milliseconds of a clock that never goes back. */
export const now_ms = () => performance.now();

/** The value below which `share` (0..1) of the sorted numbers lie; nearest rank. */
export function percentile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

export function numbers(tasks, elapsed_ms, cycles_ms) {
  const answer = { tasks_per_second: (tasks * 1000) / elapsed_ms };
  if (cycles_ms.length > 0) {
    const sorted = Float64Array.from(cycles_ms).sort();
    answer.p50_ms = percentile(sorted, 0.5);
    answer.p99_ms = percentile(sorted, 0.99);
  }
  return answer;
}

/** Work like a task's: a few dozen bytes, told apart by a number. */
export const payload = (number) => ({ run: '01JD0000000000000000000000', part: number });

/** Splits the numbers 0..total-1 into batches of payloads made by `make`. */
export function* batches(total, size, make) {
  for (let first = 0; first < total; first += size) {
    const count = Math.min(size, total - first);
    yield Array.from({ length: count }, (_, index) => make(first + index));
  }
}

/** Calls `put` with every batch, `connections` at a time, and returns the milliseconds it took. */
export async function put_all(source, connections, put) {
  const began = now_ms();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (const batch of source) await put(batch);
    }),
  );
  return now_ms() - began;
}

/** Runs `measure(options)`, where options come from the command line, and prints its answer. */
export async function answer(measure) {
  try {
    console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.message ?? error) }));
    process.exitCode = 1;
  }
}
