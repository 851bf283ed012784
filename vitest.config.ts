import { defineConfig } from 'vitest/config';

/** Nest reads constructor types at run time, so the tests' transform has to emit decorator metadata like the build does. */
const decorators = { decorator: { legacy: true, emitDecoratorMetadata: true } };

const project = (name: string, include: string[], extra: object = {}): object => ({
  oxc: decorators,
  test: { name, include, environment: 'node', pool: 'forks', ...extra },
});

/** Machines that build for others are busy at times: what waits for a clock gets another chance there, and only there. */
const retry = process.env.CI ? 2 : 0;

const withDatabases = {
  retry,
  globalSetup: ['test/support/postgres.global-setup.ts'],
};

export default defineConfig({
  oxc: decorators,
  test: {
    maxWorkers: 2,
    projects: [
      project('unit', ['src/**/*.spec.ts', 'migrations/**/*.spec.ts']),
      project('architecture', ['test/architecture/**/*.spec.ts']),
      project('contracts', ['test/contracts/**/*.spec.ts'], {
        ...withDatabases,
        testTimeout: 30_000,
        hookTimeout: 60_000,
      }),
      project('database', ['test/database/**/*.spec.ts'], {
        ...withDatabases,
        testTimeout: 60_000,
        hookTimeout: 60_000,
      }),
      project('e2e', ['test/e2e/**/*.spec.ts'], {
        ...withDatabases,
        testTimeout: 120_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }),
    ],
  },
});
