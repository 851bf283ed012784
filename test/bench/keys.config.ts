import { defineConfig } from 'vitest/config';

/** For the measurement of API keys: `npm run bench:keys`. */
export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    include: ['test/bench/keys.bench.ts'],
    globalSetup: ['test/support/postgres.global-setup.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
