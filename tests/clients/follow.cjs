// A client of the control plane that knows proto/PROTOCOL.md and nothing else of Lethe. Follows the
// progress of a run and quiets a worker, twice by the same message id.
//
//   node follow.cjs '{"events": E, "operators": O, "serverKey": K, "publicKey": P, "secretKey": S,
//                     "worker": "17"}'
//
// Prints one JSON object per line: {"ready": true} when it is subscribed, {"event": topic, "body": b}
// for each event of a run, and {"answers": [a, b], "rubbish": c} for its command after the first
// of them. Ends with 0 after that, with 1 when nothing came for 30 seconds.
'use strict';
const { createRequire } = require('node:module');
const { randomUUID } = require('node:crypto');
const from = createRequire(`${process.env.LETHE_CLIENT_MODULES}/`);
const { Dealer, Subscriber } = from('zeromq');
const { encode, decode } = from('@msgpack/msgpack');

const place = JSON.parse(process.argv[2]);
const keys = place.serverKey === '' ? {} : {
  curveServerKey: place.serverKey,
  curvePublicKey: place.publicKey,
  curveSecretKey: place.secretKey,
};
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function command() {
  const operators = new Dealer({ ...keys, receiveTimeout: 30_000 });
  operators.connect(place.operators);
  const order = {
    v: 1, t: 'command', id: randomUUID(), b: { verb: 'worker.quiet', object: place.worker },
  };
  const answers = [];
  for (let i = 0; i < 2; i += 1) {
    await operators.send(encode(order));
    const [frame] = await operators.receive();
    const answer = decode(frame);
    if (answer.re !== order.id) throw new Error(`an answer to ${answer.re}`);
    answers.push(answer.b);
  }
  await operators.send(encode({ ...order, id: randomUUID(), b: { verb: 'worker.dance', object: '1' } }));
  const [frame] = await operators.receive();
  operators.close();
  return { answers, rubbish: decode(frame).b };
}

async function main() {
  const events = new Subscriber({ ...keys, receiveTimeout: 30_000 });
  events.subscribe('run.', 'worker.');
  events.connect(place.events);
  let ready = false;
  for await (const [name, frame] of events) {
    const topic = String(name);
    if (!ready) say({ ready: true });
    ready = true;
    if (!topic.startsWith('run.')) continue;
    say({ event: topic, type: decode(frame).t, body: decode(frame).b });
    say(await command());
    break;
  }
  events.close();
}

main().catch((error) => {
  say({ error: String(error) });
  process.exitCode = 1;
});
