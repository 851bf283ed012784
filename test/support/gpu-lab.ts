import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EntityManager } from 'typeorm';
import { SystemClock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { TrustedHosts } from '../../src/egress/trusted-hosts.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js';
import type { DatabaseKind } from './databases.js';
import { createPostgresDatabase } from './postgres-database.js';
import { quietLogs } from './running-daemon.js';
import { createTempFolder } from './temp-folder.js';

/** Real time that can be moved forward, for ends and deadlines that are minutes or hours away. */
export class MovableClock extends SystemClock {
  private aheadMs = 0;

  override now(): number {
    return super.now() + this.aheadMs;
  }

  skip(ms: number): void {
    this.aheadMs += Math.round(ms);
  }
}

/** One process of the service: the real application with its jobs, listening on a port of its own. */
export interface LabDaemon {
  url: string;
  app: NestFastifyApplication;
  /** Straight at the tables, as a dying process or an operator would leave them. */
  manager: EntityManager;
  stop(): Promise<void>;
}

export interface GpuLab {
  sandbox: Sandbox;
  clock: MovableClock;
  /** The environment that its daemons start with. */
  env: Readonly<Record<string, string>>;
  start(settings?: Record<string, string>): Promise<LabDaemon>;
  close(): Promise<void>;
}

/** Short intervals, no pacing: what a test waits for are the farms and the service, never a timer. */
const QUICK = {
  SERVER_HOST: '127.0.0.1',
  SERVER_PORT: '0',
  RATE_LIMIT_PER_MINUTE: '0',
  REGISTER_RATE_LIMIT_PER_HOUR: '100000',
  PROVIDER_RATE_SCALE: '0',
  GPU_POLL_INTERVAL: '100ms',
  GPU_API_TIMEOUT: '1500ms',
  LB_HEALTH_INTERVAL: '200ms',
  BILLING_TICK: '1s',
  SIGNUP_CREDITS: '100',
};

/**
 * Simulated farms and a database that outlive the daemons started on them: a restart, a second process and a process
 * that died are then ordinary tests.
 */
export async function openGpuLab(
  kind: DatabaseKind = 'sqlite',
  settings: Record<string, string> = {},
  sandboxOptions: Partial<SandboxOptions> = {},
): Promise<GpuLab> {
  quietLogs();
  const sandbox = await startSandbox({ timeScale: 2000, rateScale: 0, ...sandboxOptions });
  const place = await openPlace(kind);
  const clock = new MovableClock();
  const env = { ...QUICK, ...farmVariables(sandbox), ...place.env, ...settings };
  const started = new Set<LabDaemon>();
  return {
    sandbox,
    clock,
    env,
    start: async (more = {}) => {
      const daemon = await startDaemon({ ...env, ...more }, { sandbox, clock });
      started.add(daemon);
      return daemon;
    },
    close: async () => {
      await Promise.all([...started].map((daemon) => daemon.stop()));
      await sandbox.close();
      await place.remove();
    },
  };
}

function farmVariables({ vastAi, ioNet }: Sandbox): Record<string, string> {
  return {
    VASTAI_API_KEY: vastAi.apiKey,
    VASTAI_API_URL: vastAi.url,
    IONET_API_KEY: ioNet.apiKey,
    IONET_API_URL: ioNet.url,
  };
}

async function startDaemon(
  env: Record<string, string>,
  { sandbox, clock }: { sandbox: Sandbox; clock: MovableClock },
): Promise<LabDaemon> {
  const app = await createApp(loadConfig(env, { isDeveloper: true }), { clock });
  const trusted = app.get(TrustedHosts);
  const stopTrusting = sandbox.onMachine({
    opened: (origin) => trusted.add(origin),
    closed: (origin) => trusted.remove(origin),
  });
  app.get(JobsService).start();
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    stopTrusting();
    await app.get(JobsService).stop();
    app.getHttpServer().closeAllConnections();
    await app.close();
  };
  return { url: `http://127.0.0.1:${port}`, app, manager: app.get(UnitOfWork).manager, stop };
}

async function openPlace(
  kind: DatabaseKind,
): Promise<{ env: Record<string, string>; remove(): Promise<void> }> {
  const secret = { JWT_SECRET: 'a secret of the tests that is long enough' };
  if (kind === 'postgres') {
    const database = await createPostgresDatabase();
    return { env: { ...database.env, ...secret }, remove: () => database.drop() };
  }
  const folder = await createTempFolder('gpu-lab');
  return { env: { DB_NAME: join(folder.path, 'gpuproxy.db'), ...secret }, remove: folder.remove };
}
