import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigurationRecord } from './audit/configuration-record.js';
import type { AppConfig } from './config/config.js';
import { createApp } from './create-app.js';
import { lockSqliteFile, type SqliteFileLock } from './database/sqlite/sqlite-file-lock.js';
import { OwnEndpoints } from './egress/own-endpoints.js';
import { TrustedHosts } from './egress/trusted-hosts.js';
import { JobsService } from './jobs/jobs.service.js';
import { MetricsServer } from './metrics/metrics.server.js';
import { startSandbox, type Sandbox } from './sandbox/sandbox.js';
import { Shutdown } from './shutdown.js';

/** A running service. */
export interface Daemon {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  url: string;
  app: NestFastifyApplication;
  /** The simulated farms, when they are in use. */
  sandbox?: Sandbox;
  /**
   * Ends it.
   * @param drainTimeoutMs waits so long for what is under way, and tells nobody before; default: as configured
   * @returns false when requests were cut
   */
  stop(drainTimeoutMs?: number): Promise<boolean>;
  /** The end that has begun waits for nobody any more. */
  hurry(): void;
}

/** Sandbox (if wanted) -> application -> jobs -> listen. What was started is stopped again when a later step fails. */
export async function startDaemon(config: AppConfig): Promise<Daemon> {
  const lock = config.database.type === 'sqlite' ? await lockSqliteFile(config.database.file) : undefined;
  let sandbox: Sandbox | undefined;
  try {
    sandbox = await startWantedSandbox(config);
    const app = await createApp(sandbox ? withSandbox(config, sandbox) : config);
    if (sandbox) trustMachines(app, sandbox);
    await app.get(ConfigurationRecord).compare();
    app.get(JobsService).start();
    const url = await listen(app, config);
    return endable({ url, app, sandbox }, config, lock);
  } catch (error) {
    await sandbox?.close();
    await lock?.release();
    throw error;
  }
}

function endable(
  running: Pick<Daemon, 'url' | 'app' | 'sandbox'>,
  { server }: AppConfig,
  lock: SqliteFileLock | undefined,
): Daemon {
  const shutdown = new Shutdown(running.app);
  const stop = async (drainTimeoutMs?: number): Promise<boolean> => {
    const times = drainTimeoutMs === undefined ? server : { drainDelayMs: 0, drainTimeoutMs };
    const isClean = await shutdown.perform(times);
    await running.sandbox?.close();
    await lock?.release();
    return isClean;
  };
  return { ...running, stop, hurry: () => shutdown.hurry() };
}

function startWantedSandbox(config: AppConfig): Promise<Sandbox> | undefined {
  const { sandbox, rateScale } = config.providers;
  return sandbox.isEnabled ? startSandbox({ timeScale: sandbox.timeScale, rateScale }) : undefined;
}

/** The simulators take the farms' places; the adapters cannot tell. */
function withSandbox(config: AppConfig, { vastAi, ioNet }: Sandbox): AppConfig {
  return {
    ...config,
    providers: {
      ...config.providers,
      vastAi: { apiKey: vastAi.apiKey, apiUrl: vastAi.url },
      ioNet: { apiKey: ioNet.apiKey, apiUrl: ioNet.url },
    },
  };
}

/** Its machines live on loopback, which no farm may name otherwise. */
function trustMachines(app: NestFastifyApplication, sandbox: Sandbox): void {
  const trusted = app.get(TrustedHosts);
  sandbox.onMachine({
    opened: (origin) => trusted.add(origin),
    closed: (origin) => trusted.remove(origin),
  });
}

async function listen(app: NestFastifyApplication, config: AppConfig): Promise<string> {
  const { host, port } = config.server;
  await app.listen(port, host);
  const { port: taken } = app.getHttpServer().address() as AddressInfo;
  const own = app.get(OwnEndpoints);
  own.addListener(taken);
  const metricsPort = await app.get(MetricsServer).listen();
  if (metricsPort !== undefined) own.addListener(metricsPort);
  return `http://${isAnyAddress(host) ? 'localhost' : host}:${taken}`;
}

const isAnyAddress = (host: string): boolean => ['0.0.0.0', '::', ''].includes(host);
