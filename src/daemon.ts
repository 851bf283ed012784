import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigurationRecord } from './audit/configuration-record.js';
import { Lifecycle } from './common/lifecycle.js';
import type { AppConfig } from './config/config.js';
import { createApp } from './create-app.js';
import { lockSqliteFile, type SqliteFileLock } from './database/sqlite/sqlite-file-lock.js';
import { OwnEndpoints } from './egress/own-endpoints.js';
import { TrustedHosts } from './egress/trusted-hosts.js';
import { JobsService } from './jobs/jobs.service.js';
import { MetricsServer } from './metrics/metrics.server.js';
import { DataPlaneDoor } from './proxy/data-plane.door.js';
import { LiveSessions } from './streaming/live-sessions.js';
import { startSandbox, type Sandbox } from './sandbox/sandbox.js';

/** A running service. */
export interface Daemon {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  url: string;
  app: NestFastifyApplication;
  /** The simulated farms, when they are in use. */
  sandbox?: Sandbox;
  /** Ends in named, bounded phases: refuse, drain, close. */
  stop(): Promise<void>;
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
    const running = { app, config, sandbox, lock };
    return { url, app, sandbox, stop: () => stop(running) };
  } catch (error) {
    await sandbox?.close();
    await lock?.release();
    throw error;
  }
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

interface Running {
  app: NestFastifyApplication;
  config: AppConfig;
  sandbox?: Sandbox;
  lock?: SqliteFileLock;
}

async function stop({ app, config, sandbox, lock }: Running): Promise<void> {
  const logger = new Logger('Shutdown');
  const { drainDelayMs, drainTimeoutMs } = config.server;
  app.get(Lifecycle).beginDraining();
  await pause(drainDelayMs);
  const door = app.get(DataPlaneDoor);
  door.startDrain();
  door.closeTunnels();
  app.get(LiveSessions).closeAll();
  const isIdle = await Promise.race([
    door.whenIdle().then(() => true),
    pause(drainTimeoutMs).then(() => false),
  ]);
  if (!isIdle) logger.warn({ msg: 'requests cut at the end of the drain', active: door.activeCount });
  await app.get(JobsService).stop();
  app.getHttpServer().closeAllConnections();
  await app.close();
  await sandbox?.close();
  await lock?.release();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
