import { defineConfig } from 'vitest/config';

/** For the measurements in this folder that need databases: `npm run bench:ledger`. */
export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    include: ['test/bench/ledger.bench.ts'],
    globalSetup: ['test/support/postgres.global-setup.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
