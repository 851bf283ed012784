import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { env, stdout } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CREDITS_SCHEMA, createCredits, type Credits } from '../database/credits-fixture.js';
import { requireBuild } from '../support/built-programs.js';
import { environmentOf, openTestDatabase, type TestDatabase } from '../support/databases.js';
import { effectOf, LedgerWorkers } from '../support/ledger-workers.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

const MICRO = 1_000_000;
/** `test/soak/ledger-kill.sh` raises it. */
const SECONDS = Number(env.LEDGER_KILL_SECONDS ?? 5);
const FUNDS = 1000;
const LOOPS = 8;

/** SQLite has one server to a file. */
const PROCESSES = { sqlite: 1, postgres: 3 };

describe.each(['sqlite', 'postgres'] as const)(
  'processes that are killed while they move credits, on %s',
  (kind) => {
    let database: TestDatabase;
    let credits: Credits;
    let folder: TempFolder;
    let workers: LedgerWorkers;
    let users: string[];

    beforeAll(async () => {
      requireBuild();
      database = await openTestDatabase(kind, CREDITS_SCHEMA);
      credits = await createCredits(database);
      folder = await createTempFolder('ledger-kill');
      workers = new LedgerWorkers(folder.path, environmentOf(database.config));
      users = [await credits.userWith(FUNDS), await credits.userWith(FUNDS), await credits.userWith(FUNDS)];
    });
    afterAll(async () => {
      await database.close();
      await folder.remove();
    });

    /** Starts them, kills them at some moment, and does so again until the time is up. */
    const killUntil = async (end: number): Promise<number> => {
      for (let kills = 0; ; kills++) {
        const child = await workers.start({ users, loops: LOOPS, seconds: 3600 });
        await delay(randomInt(50, 800));
        child.kill('SIGKILL');
        await once(child, 'exit');
        if (performance.now() > end) return kills + 1;
      }
    };

    it(
      `have moved each exactly once when all are repeated (${SECONDS} s)`,
      async () => {
        const end = performance.now() + SECONDS * 1000;
        const kills = await Promise.all(Array.from({ length: PROCESSES[kind] }, () => killUntil(end)));
        expect((await credits.verifier.verify()).isIntact).toBe(true);
        const repeated = await workers.repeatOpen();
        const { done, refused } = await workers.outcome();
        const effects = effectOf(done);
        for (const user of users) {
          const { boughtMicro, usedMicro } = effects.get(user) ?? { boughtMicro: 0, usedMicro: 0 };
          expect(await credits.ledger.balanceOf(user)).toMatchObject({
            totalMicro: FUNDS * MICRO + boughtMicro,
            usedMicro,
            heldMicro: 0,
          });
        }
        const verdict = await credits.verifier.verify();
        expect(verdict).toMatchObject({ isIntact: true, accounts: users.length });
        expect([refused, repeated > 0, done.length > repeated]).toEqual([0, true, true]);
        const total = kills.reduce((sum, count) => sum + count, 0);
        stdout.write(
          `${kind}: ${total} kills, ${done.length} stories, ${repeated} of them without an answer, ${verdict.entries} entries, none lost, none doubled\n`,
        );
      },
      (SECONDS + 120) * 1000,
    );
  },
);
