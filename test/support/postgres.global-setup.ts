import type { TestProject } from 'vitest/node';
import { startPostgres, type PostgresAddress, type PostgresServer } from './postgres-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: PostgresAddress;
  }
}

interface SharedServer {
  server: Promise<PostgresServer>;
  users: number;
}

/** Each vitest project loads this file anew; the process is the same, and one server serves them all. */
const shared = globalThis as { gpuproxyTestPostgres?: SharedServer };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const entry = (shared.gpuproxyTestPostgres ??= { server: startPostgres(), users: 0 });
  entry.users++;
  const server = await entry.server;
  const { host, port, user } = server;
  project.provide('postgres', { host, port, user });
  return async () => {
    if (--entry.users > 0) return;
    shared.gpuproxyTestPostgres = undefined;
    await server.stop();
  };
}
