import { randomInt } from 'node:crypto';
import { env } from 'node:process';
import { expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { CREDITS_SCHEMA, createCredits } from './credits-fixture.js';
import { checkAgainstModel } from './credits-model.js';

/** `test/soak/credits-model.sh` raises the runs; a seed repeats a failure. */
const numRuns = Number(env.CREDITS_MODEL_RUNS ?? 30);
const seed = Number(env.CREDITS_MODEL_SEED ?? randomInt(2 ** 31));
const SECONDS_PER_RUN = 2;

onEachDatabase('ledger against its model', CREDITS_SCHEMA, (open) => {
  it(
    `agrees after every command (${numRuns} runs, seed ${seed})`,
    async () => {
      const database = await open();
      await checkAgainstModel(database, { numRuns, seed });
      const { verifier } = await createCredits(database);
      expect(await verifier.verify()).toMatchObject({ isIntact: true });
    },
    numRuns * SECONDS_PER_RUN * 1000,
  );
});
