import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import type { AppConfig } from '../../config/config.js';
import type { Job } from '../../jobs/job.js';
import { HealthProber } from './health-prober.js';
import { InstanceDirectory, type RoutableInstance } from './instance.directory.js';
import type { ProbeStep } from './probe-plan.js';

const STEP: ProbeStep = { path: '/health', judge: () => 'healthy' };
const config = {
  gpu: { pollIntervalMs: 5000 },
  loadBalancer: { healthIntervalMs: 10_000 },
} as AppConfig;

function instanceOf(instanceId: string, difference: Partial<RoutableInstance> = {}): RoutableInstance {
  return {
    instanceId,
    rentalId: `rental-of-${instanceId}`,
    ownerId: 'ann',
    provider: 'vast.ai',
    origins: new Map([[8000, 'http://h:1']]),
    isServing: false,
    hasService: true,
    health: { protocols: [] },
    ...difference,
  };
}

describe('HealthProber', () => {
  let clock: ManualClock;
  let directory: InstanceDirectory;
  let run: () => Promise<void>;
  let asked: string[];
  let recorded: [string, boolean][];
  let answers: Map<string, Promise<ProbeStep | undefined>>;

  beforeEach(() => {
    clock = new ManualClock();
    directory = new InstanceDirectory();
    asked = [];
    recorded = [];
    answers = new Map();
    const probe = {
      ask: ({ instanceId }: RoutableInstance) => {
        asked.push(instanceId);
        return answers.get(instanceId) ?? Promise.resolve(undefined);
      },
      record: async (instance: RoutableInstance, isServing: boolean) => {
        recorded.push([instance.instanceId, isServing]);
        Object.assign(instance, { isServing });
      },
    };
    const jobs = { register: (job: Job) => (run = () => job.run(new AbortController().signal)) };
    new HealthProber(config, clock, jobs as never, directory, probe as never).onModuleInit();
  });

  const round = async (advanceMs = 0): Promise<void> => {
    clock.advance(advanceMs);
    await run();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const healthy = (id: string): unknown => answers.set(id, Promise.resolve(STEP));

  it('finds out who serves, and asks those who do not at every poll', async () => {
    directory.replaceOwner('ann', [instanceOf('a'), instanceOf('b')]);
    healthy('a');
    await round();
    expect(recorded).toEqual([['a', true]]);
    asked = [];
    await round(5000);
    expect(asked).toEqual(['b']);
    await round(5000);
    expect(asked.toSorted()).toEqual(['a', 'b', 'b']);
  });

  it('waits for nobody: one that hangs holds up neither the round nor the others', async () => {
    directory.replaceOwner('ann', [instanceOf('hangs'), instanceOf('b')]);
    answers.set('hangs', new Promise(() => undefined));
    healthy('b');
    await round();
    expect(recorded).toEqual([['b', true]]);
    asked = [];
    await round(60_000);
    expect(asked).toEqual(['b']);
  });

  it('takes out an instance after three failures in a row, and forgives fewer', async () => {
    directory.replaceOwner('ann', [instanceOf('a', { isServing: true })]);
    await round();
    await round(10_000);
    healthy('a');
    await round(10_000);
    answers.clear();
    await round(10_000);
    await round(10_000);
    expect(recorded).toEqual([]);
    await round(10_000);
    expect(recorded).toEqual([['a', false]]);
  });

  it('asks one that was fenced by others at the next poll', async () => {
    const instance = instanceOf('a', { isServing: true });
    directory.replaceOwner('ann', [instance]);
    healthy('a');
    await round();
    Object.assign(instance, { isServing: false });
    await round(5000);
    expect(recorded).toEqual([['a', true]]);
  });

  it('leaves instances without a service alone, and forgets those that are gone', async () => {
    directory.replaceOwner('ann', [instanceOf('none', { hasService: false }), instanceOf('b')]);
    await round();
    directory.replaceOwner('ann', []);
    await round();
    directory.replaceOwner('ann', [instanceOf('b')]);
    await round();
    expect(asked).toEqual(['b', 'b']);
  });

  it('opens a bounded number of connections at a time', async () => {
    const many = Array.from({ length: 250 }, (_, index) => instanceOf(`i-${index}`));
    for (const { instanceId } of many) answers.set(instanceId, new Promise(() => undefined));
    directory.replaceOwner('ann', many);
    await round();
    await round(60_000);
    expect(asked).toHaveLength(200);
  });
});
