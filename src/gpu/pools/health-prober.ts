import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { InstanceDirectory, type RoutableInstance } from './instance.directory.js';
import { InstanceProbe } from './instance-probe.js';
import type { ProbeStep } from './probe-plan.js';

/** Failed probes in a row after which an instance no longer serves. */
const FAILURES_TO_UNSERVE = 3;
/** Connections that probing may open at a time; what is due beyond that waits for the next round. */
const MOST_AT_ONCE = 200;

interface ProbeHistory {
  failures: number;
  askedAt: number;
  /** The step that worked last: asked first from then on. */
  lastGood?: ProbeStep;
  isUnderWay: boolean;
}

/**
 * Finds out which running instances serve. One that does not serve yet is asked at every poll, one that serves every
 * LB_HEALTH_INTERVAL; a slow service never holds up the others.
 */
@Injectable()
export class HealthProber implements OnModuleInit {
  private readonly logger = new Logger(HealthProber.name);
  private readonly histories = new Map<string, ProbeHistory>();
  private underWay = 0;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly jobs: JobsService,
    private readonly instances: InstanceDirectory,
    private readonly probe: InstanceProbe,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'gpu.health',
      intervalMs: Math.min(this.config.gpu.pollIntervalMs, this.config.loadBalancer.healthIntervalMs),
      run: async () => this.probeDue(),
    });
  }

  /** Begins the probes and does not wait for them: a round lasts as long as its slowest member otherwise. */
  private probeDue(): void {
    const now = this.clock.now();
    const known = [...this.instances.all()].filter(({ hasService }) => hasService);
    this.forgetOthers(known);
    const due = known.filter((instance) => this.isDue(instance, now));
    for (const instance of due.slice(0, MOST_AT_ONCE - this.underWay)) void this.probeOne(instance);
  }

  /** What counts is whether it serves now: one that was fenced by others is asked soon. */
  private isDue({ instanceId, isServing }: RoutableInstance, now: number): boolean {
    const history = this.histories.get(instanceId);
    if (!history) return true;
    const { gpu, loadBalancer } = this.config;
    const intervalMs = isServing ? loadBalancer.healthIntervalMs : gpu.pollIntervalMs;
    return !history.isUnderWay && now - history.askedAt >= intervalMs;
  }

  private async probeOne(instance: RoutableInstance): Promise<void> {
    const history = this.historyOf(instance.instanceId);
    history.isUnderWay = true;
    this.underWay += 1;
    try {
      history.lastGood = await this.probe.ask(instance, history.lastGood);
      await this.judge(instance, history);
    } catch (error) {
      this.logger.warn({ msg: 'probe could not be recorded', instance_id: instance.instanceId, err: error });
    } finally {
      history.isUnderWay = false;
      this.underWay -= 1;
    }
  }

  private async judge(instance: RoutableInstance, history: ProbeHistory): Promise<void> {
    const isHealthy = history.lastGood !== undefined;
    history.failures = isHealthy ? 0 : history.failures + 1;
    const isServing = isHealthy || (instance.isServing && history.failures < FAILURES_TO_UNSERVE);
    history.askedAt = this.clock.now();
    if (isServing !== instance.isServing) await this.probe.record(instance, isServing);
  }

  private historyOf(instanceId: string): ProbeHistory {
    const known = this.histories.get(instanceId) ?? { failures: 0, askedAt: 0, isUnderWay: false };
    this.histories.set(instanceId, known);
    return known;
  }

  private forgetOthers(known: readonly RoutableInstance[]): void {
    const ids = new Set(known.map(({ instanceId }) => instanceId));
    for (const id of this.histories.keys()) if (!ids.has(id)) this.histories.delete(id);
  }
}
