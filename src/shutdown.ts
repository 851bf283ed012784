import type { Server } from 'node:http';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Lifecycle } from './common/lifecycle.js';
import type { AppConfig } from './config/config.js';
import { ControlPlaneTraffic } from './control-plane-traffic.js';
import { JobsService } from './jobs/jobs.service.js';
import { DataPlaneDoor } from './proxy/data-plane.door.js';
import { LiveSessions } from './streaming/live-sessions.js';

type Times = Pick<AppConfig['server'], 'drainDelayMs' | 'drainTimeoutMs'>;

/**
 * The end of a process in named, bounded phases: tell (readiness says no, everything is still served), refuse (the door
 * is closed), drain (what is under way goes on), close (what is in memory is written).
 */
export class Shutdown {
  private readonly logger = new Logger(Shutdown.name);
  private readonly hurried = new AbortController();

  constructor(private readonly app: NestFastifyApplication) {}

  /** Waits for nobody any more; what is under way is cut and settled. */
  hurry(): void {
    this.hurried.abort();
  }

  /** @returns false when requests were cut */
  async perform({ drainDelayMs, drainTimeoutMs }: Times): Promise<boolean> {
    const { app } = this;
    app.get(Lifecycle).beginDraining();
    await this.pause(drainDelayMs);
    const isIdle = await this.drain(drainTimeoutMs);
    const { activeCount: active } = app.get(DataPlaneDoor);
    if (!isIdle) this.logger.warn({ msg: 'requests cut at the end of the drain', active });
    await app.get(JobsService).stop();
    app.getHttpServer().closeAllConnections();
    await app.close();
    return isIdle;
  }

  private drain(timeoutMs: number): Promise<boolean> {
    const door = this.app.get(DataPlaneDoor);
    this.refuseNewWork(door);
    const idle = Promise.all([door.whenIdle(), this.app.get(ControlPlaneTraffic).whenIdle()]);
    return Promise.race([idle.then(() => true), this.pause(timeoutMs).then(() => false)]);
  }

  private refuseNewWork(door: DataPlaneDoor): void {
    (this.app.getHttpServer() as Server).close();
    door.startDrain();
    door.closeTunnels();
    this.app.get(LiveSessions).closeAll();
  }

  private pause(ms: number): Promise<void> {
    const { signal } = this.hurried;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}
