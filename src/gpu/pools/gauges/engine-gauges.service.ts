import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { ProbeClient } from '../../../egress/probe.client.js';
import { LoadBalancerService } from '../../../loadbalancer/loadbalancer.service.js';
import { InstanceDirectory, originOf, type RoutableInstance } from '../instance.directory.js';
import { PoolDirectory, type RoutablePool } from '../pool.directory.js';
import { readEngineLoad } from './engine-metrics.js';

/** Two readings within the five seconds that a gauge counts. */
const READ_EVERY_MS = 2000;
/** Engines without metrics, or with others: they may be restarted with a flag. */
const TRY_AGAIN_MS = 60_000;
const TIMEOUT_MS = 1500;
/** Nobody is sent to an instance that was not used for so long because of its queue. */
const IN_USE_MS = 15_000;
const MOST_AT_ONCE = 50;
const MOST_BYTES = 1_048_576;

interface Reading {
  nextAt: number;
  isUnderWay: boolean;
}

/**
 * Reads the load of inference engines from their /metrics, where it counts: of instances that are in use, in pools with
 * `least_connections`. Every process reads for itself.
 */
@Injectable()
export class EngineGauges implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(EngineGauges.name);
  private readings = new Map<string, Reading>();
  private timer?: NodeJS.Timeout;
  private underWay = 0;

  constructor(
    private readonly client: ProbeClient,
    private readonly pools: PoolDirectory,
    private readonly instances: InstanceDirectory,
    private readonly balancer: LoadBalancerService,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.readDue(), READ_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** One round; resolves when its answers are in. Never rejects. */
  async readDue(): Promise<void> {
    const now = this.clock.now();
    const before = this.readings;
    this.readings = new Map();
    const round: Promise<void>[] = [];
    for (const { instance, pool } of this.inUse(now)) {
      const reading = before.get(instance.instanceId) ?? { nextAt: 0, isUnderWay: false };
      this.readings.set(instance.instanceId, reading);
      const isDue = reading.nextAt <= now && !reading.isUnderWay && this.underWay < MOST_AT_ONCE;
      if (isDue) round.push(this.read(instance, pool, reading));
    }
    await Promise.all(round);
  }

  private *inUse(now: number): Generator<{ instance: RoutableInstance; pool: RoutablePool }> {
    const seen = new Set<string>();
    for (const pool of this.pools.all()) {
      if (pool.strategy !== 'least_connections') continue;
      for (const id of pool.memberIds) {
        const instance = this.instances.find(id);
        if (!instance?.isServing || seen.has(id) || !this.isUsed(id, now)) continue;
        seen.add(id);
        yield { instance, pool };
      }
    }
  }

  private isUsed(instanceId: string, now: number): boolean {
    const load = this.balancer.load(instanceId);
    if (!load) return false;
    return load.activeConnections > 0 || (load.lastUsedAt ?? 0) > now - IN_USE_MS;
  }

  private async read(instance: RoutableInstance, pool: RoutablePool, reading: Reading): Promise<void> {
    const origin = originOf(instance, pool.port);
    if (origin === undefined) return;
    reading.isUnderWay = true;
    this.underWay += 1;
    try {
      const isEngine = await this.hear(instance.instanceId, origin, pool.upstreamHeaders);
      if (!isEngine) reading.nextAt = this.clock.now() + TRY_AGAIN_MS;
    } catch (error) {
      this.logger.debug({ msg: 'metrics not told', instance_id: instance.instanceId, err: error });
    } finally {
      reading.isUnderWay = false;
      this.underWay -= 1;
    }
  }

  /** False when this server has no gauges that we know. */
  private async hear(
    instanceId: string,
    origin: string,
    headers: RoutablePool['upstreamHeaders'],
  ): Promise<boolean> {
    const url = new URL('/metrics', origin).href;
    const { status, body } = await this.client.get(url, {
      timeoutMs: TIMEOUT_MS,
      headers,
      maxBytes: MOST_BYTES,
    });
    if (status >= 500) return true;
    const load = status === 200 ? readEngineLoad(body) : undefined;
    if (load) this.balancer.reportGauge(instanceId, { ...load, at: this.clock.now() });
    return load !== undefined;
  }
}
