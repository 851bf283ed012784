// A process of the service that does nothing but move credits, as fast as it can, until it is killed or its time is up.
// What it begins and what it has ended is appended to its journal, a line each: a line outlives the process.
// usage: node ledger-worker.mjs run <journal> '{"users":[…],"loops":8,"seconds":1}'
//        node ledger-worker.mjs repeat <journal>…     does again whatever has begun and not ended, with the same keys
import { randomInt, randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { AdminCliModule } from '../../../dist/src/cli/admin/admin-cli.module.js';
import { loadConfig } from '../../../dist/src/config/load-config.js';
import { LedgerService } from '../../../dist/src/credits/ledger/ledger.service.js';
import { RentalMeterService } from '../../../dist/src/credits/metering/rental-meter.service.js';

const MICRO_PER_SECOND = 1000;
const usage = { code: 'gpu_usage' };
const hold = (ledger, { id, user, amount }) =>
  ledger.hold({ userId: user, amountMicro: amount, purpose: 'requests', reference: id, idempotencyKey: id });

/** Each does the same whenever it is done again: every step has its key, or can only happen once. */
const STORIES = {
  purchase: ({ ledger }, { id, user, amount }) =>
    ledger.post({ userId: user, amountMicro: amount, code: 'purchase', idempotencyKey: id }),
  async settle({ ledger }, story) {
    const { id: holdId } = await hold(ledger, story);
    const [first, last] = story.charges;
    const key = `${story.id}:first`;
    if (first > 0)
      await ledger.captureFromHold({ ...usage, holdId, amountMicro: first, idempotencyKey: key });
    await ledger.settle(holdId, last, usage);
  },
  async void({ ledger }, story) {
    await ledger.voidHold((await hold(ledger, story)).id);
  },
  async rental({ meter }, { id, user, charges: [seconds] }) {
    const pricePerHourMicro = MICRO_PER_SECOND * 3600;
    const startedAt = 1_700_000_000_000;
    await meter.authorize({ rentalId: id, userId: user, pricePerHourMicro, minimumHours: 0 });
    await meter.start(id, startedAt);
    for (let at = 1; at < seconds; at += 2) await meter.tick(id, startedAt + at * 1000);
    await meter.finish(id, startedAt + seconds * 1000);
  },
};

function newStory(users) {
  const kind = Object.keys(STORIES)[randomInt(4)];
  const amount = randomInt(1, 100_000);
  const first = kind === 'settle' ? randomInt(amount) : randomInt(1, 6);
  const charges = kind === 'settle' ? [first, randomInt(amount - first + 1)] : [first];
  return { id: randomUUID(), kind, user: users[randomInt(users.length)], amount, charges };
}

async function openServices() {
  const config = loadConfig(process.env, { isDeveloper: true, needsSecret: false });
  const app = await NestFactory.createApplicationContext(AdminCliModule.forRoot(config), { logger: false });
  return { app, ledger: app.get(LedgerService), meter: app.get(RentalMeterService) };
}

const REFUSALS = new Set(['insufficient_credits', 'account_frozen']);

/** @returns the code of the refusal, if it was one */
async function tell(services, story) {
  try {
    await STORIES[story.kind](services, story);
    return undefined;
  } catch (error) {
    if (REFUSALS.has(error.code)) return error.code;
    throw error;
  }
}

async function run(journal, { users, loops, seconds }) {
  const services = await openServices();
  const file = openSync(journal, 'a');
  const write = (line) => writeSync(file, `${JSON.stringify(line)}\n`);
  process.stdout.write('ready\n');
  const end = performance.now() + seconds * 1000;
  const loop = async () => {
    while (performance.now() < end) {
      const story = newStory(users);
      const begun = performance.now();
      write({ begun: story });
      const refusal = await tell(services, story);
      write({ ended: story.id, refusal, ms: performance.now() - begun });
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  await services.app.close();
  closeSync(file);
}

/** The line that was being written when the process died is no line. */
function linesOf(journal) {
  return readFileSync(journal, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

async function repeat(journals) {
  const services = await openServices();
  const lines = journals.flatMap(linesOf);
  const ended = new Set(lines.map((line) => line.ended));
  const open = lines.map((line) => line.begun).filter((story) => story && !ended.has(story.id));
  for (const story of open) {
    const refusal = await tell(services, story);
    process.stdout.write(`${JSON.stringify({ ended: story.id, refusal, ms: 0 })}\n`);
  }
  await services.app.close();
}

const [task, ...parameters] = process.argv.slice(2);
if (task === 'run') await run(parameters[0], JSON.parse(parameters[1]));
else await repeat(parameters);
