// Writes cron_vectors.txt: firings of cron lines as an independent implementation (croner) sees
// them. Run in a scratch folder, never in the checkout:
//
//   npm install croner@11
//   cp <checkout>/tests/golden/generate_cron_vectors.mjs .
//   node generate_cron_vectors.mjs > <checkout>/tests/golden/cron_vectors.txt
//
// One row: zone|line|start|firing firing ...   (seconds since 1970 UTC, firings strictly after start)
//
// Left out, because croner departs from Debian's cron there (docs/schedules.md):
//   * lines of fixed times with several minutes or hours, while the clock changes: croner gives
//     only a single fixed minute and hour the treatment of a fixed time;
//   * lines that restrict both day fields, one of them with `*/n`: croner lets either match.
import { Cron } from "croner";

const HOUR = 3600;
const DAY = 24 * HOUR;

// Years that are over, so that zone databases agree; both hemispheres, changes of an hour and of
// half an hour, changes at midnight, zones without changes.
const zones = [
  ["UTC", 2023], ["Asia/Kolkata", 2023], ["Asia/Kathmandu", 2019],
  ["Europe/Berlin", 2024], ["America/New_York", 2023], ["America/St_Johns", 2022],
  ["America/Sao_Paulo", 2018], ["America/Santiago", 2021], ["Australia/Sydney", 2024],
  ["Australia/Lord_Howe", 2024], ["Pacific/Auckland", 2022], ["Asia/Beirut", 2021],
  ["Africa/Cairo", 2024],
];

const lines = [
  // fixed, one minute and hour: treated specially while the clock changes
  "30 2 * * *", "0 3 * * *", "0 0 * * *", "30 0 * * *", "15 2 * * *", "45 1 * * sun", "0 0 * * 7",
  "30 23 * * sat,SUN", "0 2 * * 1-5", "@daily", "@weekly",
  // wildcards: follow real time
  "*/20 * * * *", "*/7 1-3 * * *", "30 * * * *", "0 */2 * * *", "5 */3 * * mon-FRI", "@hourly",
  "*/45 */5 * * *", "0-10/5 * * * *", "* 2 * * sun",
  // fixed, several: only where the clock does not change
  "0,30 2 * * *", "10-40/10 0-4/2 * * *", "5,10,59 23,0 * * *", "0 6-18/4 1,15 * *",
  // days and months
  "0 4 1 * *", "0 4 31 * *", "59 23 31 12 *", "0 0 29 2 *", "0 0 13 * fri", "12 5 1-7 * mon",
  "1 1 */10 * *", "1 1 * * */3", "20 4 30 JAN-jun/2 *", "@monthly", "@yearly",
];

function offset(zone, seconds) {
  const text = new Intl.DateTimeFormat("sv", {
    timeZone: zone, dateStyle: "short", timeStyle: "medium",
  }).format(new Date(seconds * 1000));
  return Date.parse(text.replace(" ", "T") + "Z") / 1000 - seconds;
}

function changesIn(zone, begin, end) {
  const found = [];
  for (let at = begin; at < end; at += HOUR) {
    if (offset(zone, at) !== offset(zone, at + HOUR)) found.push(at);
  }
  return found;
}

function hasManyFixedTimes(line) {
  const [minute, hour] = line.split(" ");
  return /^\d/.test(minute) && /^\d/.test(hour) && /[-,]/.test(minute + hour);
}

function firings(line, zone, start, count) {
  const cron = new Cron(line, { timezone: zone, paused: true });
  return cron.nextRuns(count, new Date(start * 1000)).map((date) => date.getTime() / 1000);
}

function* starts(zone, year) {
  const begin = Date.UTC(year, 0, 1) / 1000;
  yield begin - DAY - 17;
  yield begin + 58 * DAY + 5 * HOUR;
  for (const change of changesIn(zone, begin, begin + 365 * DAY)) {
    yield change - 40 * HOUR;
    yield change - 10 * 60;
  }
}

for (const [zone, year] of zones) {
  for (const start of starts(zone, year)) {
    for (const line of lines) {
      const isFrequent = /^(\*|0-10|30 \*)/.test(line);
      const found = firings(line, zone, start, isFrequent ? 40 : 5);
      const last = found[found.length - 1];
      if (hasManyFixedTimes(line) && changesIn(zone, start - DAY, last + DAY).length > 0) continue;
      console.log([zone, line, start, found.join(" ")].join("|"));
    }
  }
}
