import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readFixture } from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { MachineRoom } from '../machines/machine-room.js';
import { SeededRandom } from '../random.js';
import { SimulatedClock } from '../simulated-clock.js';
import { instanceAnswer } from './instance-answer.js';
import { readRentOrder } from './rent-order.js';
import type { VastContract } from './vast-contract.js';
import { VastFarm } from './vast-farm.js';

let farm: VastFarm;
let room: MachineRoom;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const random = new SeededRandom(1);
  room = new MachineRoom({ host: '127.0.0.1', machines: 'none' }, random);
  farm = new VastFarm(new SimulatedClock({ timeScale: 10, calendarScale: 1 }), random, room, '127.0.0.1');
});
afterEach(() => vi.useRealTimers());

function rent(askId: number): VastContract {
  const offer = farm.market.findRentable(askId);
  if (!offer) throw new Error('the ask is gone');
  const body = { image: 'vllm/vllm-openai:v0.10.0', disk: 20, env: { '-p 8000:8000': '1' } };
  return farm.contracts.create(offer, readRentOrder(body, offer), { isStopped: false });
}

/** Simulated seconds until the contract's status changes, rounded up to the next tenth. */
async function untilChange(contract: VastContract): Promise<number> {
  const before = contract.actualStatus;
  let tenths = 0;
  for (; contract.actualStatus === before && tenths < 100_000; tenths += 1)
    await vi.advanceTimersByTimeAsync(10);
  return tenths / 10;
}

const shown = (contract: VastContract): Record<string, unknown> =>
  instanceAnswer(contract, farm.clock.now(), farm.host);
const fixtureOf = (name: string): object => readFixture(`vast/instance.${name}.response.json`) as object;

test('null, created, loading, running, each in its time; ports and the newline behind the address only at the end', async () => {
  const contract = rent(27027716);
  const steps: [status: string | null, fixture: string, atLeast: number, atMost: number][] = [
    [null, 'null-provisioning', 1, 3],
    ['created', 'created', 1, 3],
    ['loading', 'loading-pull', 20, 300],
  ];
  for (const [status, fixture, atLeast, atMost] of steps) {
    expect(shown(contract)).toMatchObject({ actual_status: status, ports: null, public_ipaddr: '127.0.0.1' });
    expectSameShape({ instances: shown(contract) }, fixtureOf(fixture));
    const simulatedSeconds = await untilChange(contract);
    expect(simulatedSeconds).toBeGreaterThanOrEqual(atLeast);
    expect(simulatedSeconds).toBeLessThanOrEqual(atMost + 0.2);
  }
  expect(shown(contract)).toMatchObject({
    actual_status: 'running',
    status_msg: 'success, running vllm/vllm-openai_v0.10.0/ssh\n',
    public_ipaddr: '127.0.0.1\n',
    ports: {
      '8000/tcp': [{ HostIp: '0.0.0.0', HostPort: expect.stringMatching(/^\d+$/) }, { HostIp: '::' }],
    },
  });
  expectSameShape({ instances: shown(contract) }, fixtureOf('running'));
});

test('on a slow line the pull takes hours of the farm', async () => {
  const contract = rent(27116661);
  await untilChange(contract);
  await untilChange(contract);
  expect(contract.actualStatus).toBe('loading');
  expect(await untilChange(contract)).toBeGreaterThan(1800);
});

test('a contract destroyed while its machine starts keeps no machine', async () => {
  const contract = rent(27027716);
  const port = { containerPort: 8000, hostPort: 41_000 };
  vi.spyOn(room, 'open').mockImplementation(async () => {
    farm.contracts.destroy(contract);
    return port;
  });
  const close = vi.spyOn(room, 'close');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(contract.ports).toBeNull();
  expect(close).toHaveBeenLastCalledWith(expect.arrayContaining([port]));
});
