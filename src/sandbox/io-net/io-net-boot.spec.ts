import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deployBody, readFixture } from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { MachineRoom } from '../machines/machine-room.js';
import { SeededRandom } from '../random.js';
import { SimulatedClock } from '../simulated-clock.js';
import { deploy, listContainers, showDeployment } from './deployment-actions.js';
import { IoNetFarm } from './io-net-farm.js';

let farm: IoNetFarm;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const random = new SeededRandom(1);
  const room = new MachineRoom({ host: '127.0.0.1', machines: 'none' }, random);
  farm = new IoNetFarm(new SimulatedClock({ timeScale: 10, calendarScale: 1 }), random, room, '127.0.0.1');
});
afterEach(() => vi.useRealTimers());

const call = (id = '', body?: unknown) => ({ params: { id }, query: {}, headers: {}, body });

test('no worker, a pulling one, a running one without and then with its address, each in its time', async () => {
  const { body } = deploy(farm, call('', deployBody()));
  const { deployment_id: id } = body as { deployment_id: string };
  const workers = () =>
    listContainers(farm, call(id)).body as {
      data: { workers: { status: string; public_url: string | null }[] };
    };
  const status = () => (showDeployment(farm, call(id)).body as { data: { status: string } }).data.status;
  const word = (): string => {
    const [worker] = workers().data.workers;
    return `${status()}: ${worker ? `${worker.status} ${worker.public_url ? 'with' : 'without'} address` : 'no worker'}`;
  };
  const steps: [word: string, fixture: string, atLeast: number, atMost: number][] = [
    ['deployment requested: no worker', 'none-yet', 5, 15],
    ['deployment requested: pending without address', 'pulling', 60, 240],
    ['running: running without address', 'running', 5, 20],
  ];
  for (const [expected, fixture, atLeast, atMost] of steps) {
    expect(word()).toBe(expected);
    expectSameShape(workers(), readFixture(`ionet/containers.${fixture}.response.json`));
    let tenths = 0;
    for (; word() === expected && tenths < 10_000; tenths += 1) await vi.advanceTimersByTimeAsync(10);
    const simulatedSeconds = tenths / 10;
    expect(simulatedSeconds).toBeGreaterThanOrEqual(atLeast);
    expect(simulatedSeconds).toBeLessThanOrEqual(atMost + 0.2);
  }
  expect(word()).toBe('running: running with address');
  expect(workers().data.workers[0].public_url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});
