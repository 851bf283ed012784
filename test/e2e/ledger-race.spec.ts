import { once } from 'node:events';
import { env, stdout } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CREDITS_SCHEMA, createCredits, grant, type Credits } from '../database/credits-fixture.js';
import { program, requireBuild, runShell } from '../support/built-programs.js';
import { environmentOf, openTestDatabase, type TestDatabase } from '../support/databases.js';
import { effectOf, LedgerWorkers } from '../support/ledger-workers.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

const MICRO = 1_000_000;
/** `test/soak/ledger-race.sh` raises it. */
const SECONDS = Number(env.LEDGER_RACE_SECONDS ?? 3);
const FUNDS = 2;
const GRANT = 0.25;

/** SQLite has one server to a file, and the admin program beside it. */
const PROCESSES = { sqlite: { count: 1, loops: 64 }, postgres: { count: 4, loops: 16 } };

describe.each(['sqlite', 'postgres'] as const)('processes that spend from one account, on %s', (kind) => {
  let database: TestDatabase;
  let credits: Credits;
  let folder: TempFolder;
  let user: string;

  beforeAll(async () => {
    requireBuild();
    database = await openTestDatabase(kind, CREDITS_SCHEMA);
    credits = await createCredits(database);
    folder = await createTempFolder('ledger-race');
    user = await createUser();
    await grant(credits.ledger, user, FUNDS);
  });
  afterAll(async () => {
    await database.close();
    await folder.remove();
  });

  const administer = async (command: string): Promise<string> => {
    const options = { cwd: folder.path, env: environmentOf(database.config) };
    const {
      status,
      stdout: text,
      stderr,
    } = await runShell(`${program('aiserve-gpuproxy-admin')} -dv --json ${command}`, options);
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
    return text;
  };
  const createUser = async (): Promise<string> => {
    const { user: created } = JSON.parse(
      await administer('create-user racer@example.com a-long-password Racer'),
    ) as { user: { id: string } };
    return created.id;
  };
  const grantUntil = async (end: number): Promise<number> => {
    let grants = 0;
    for (; performance.now() < end; grants++) await administer(`grant racer@example.com ${GRANT}`);
    return grants;
  };

  it(
    `spend what there is and no more (${SECONDS} s)`,
    async () => {
      const { count, loops } = PROCESSES[kind];
      const workers = new LedgerWorkers(folder.path, environmentOf(database.config));
      const load = { users: [user], loops, seconds: SECONDS };
      const started = await Promise.all(Array.from({ length: count }, () => workers.start(load)));
      const granting = grantUntil(performance.now() + SECONDS * 1000);
      const exits = await Promise.all(started.map((child) => once(child, 'exit')));
      expect(exits.map(([status]) => status as number)).toEqual(started.map(() => 0));
      const grants = await granting;
      const { done, refused, milliseconds } = await workers.outcome();
      const { boughtMicro, usedMicro } = effectOf(done).get(user) ?? { boughtMicro: 0, usedMicro: 0 };
      const balance = await credits.ledger.balanceOf(user);
      expect(balance).toMatchObject({
        totalMicro: (FUNDS + grants * GRANT) * MICRO + boughtMicro,
        usedMicro,
        heldMicro: 0,
        overageMicro: 0,
      });
      expect((await credits.verifier.verify()).isIntact).toBe(true);
      expect([refused > 0, grants > 0]).toEqual([true, true]);
      const p99 = milliseconds.toSorted((a, b) => a - b)[Math.floor(milliseconds.length * 0.99)];
      const rate = Math.round(milliseconds.length / SECONDS);
      stdout.write(
        `${kind}: ${count} processes x ${loops}: ${rate} stories/s, p99 ${Math.round(p99)} ms, ${done.length} done, ${refused} refused for lack of credit, ${grants} grants beside them, exact to the micro-credit\n`,
      );
    },
    (SECONDS + 120) * 1000,
  );
});
