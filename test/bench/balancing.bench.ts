import { bench, describe } from 'vitest';
import { SystemClock } from '../../src/common/clock.js';
import { LoadBalancerService } from '../../src/loadbalancer/loadbalancer.service.js';
import type { Lease } from '../../src/loadbalancer/lease.js';
import { STRATEGIES, STRATEGY_NAMES } from '../../src/loadbalancer/strategies/index.js';
import { balancerConfig } from '../support/balancer-harness.js';
import { addAll, newMembers, NOBODY } from '../support/balancing-members.js';

/**
 * Run by hand: `npx vitest bench --run --project unit test/bench/balancing.bench.ts`. hz = picks or requests a second
 * on one core. Nothing waits here; weights are mixed, as the fleet's are.
 */
const WEIGHTS = [1, 1.2, 1.5, 1.8, 2, 2.4, 3, 3.6];
const clock = new SystemClock();
const options = { time: 1000, warmupTime: 300 };

describe.each([8, 10_000])('pick alone, %i members', (count) => {
  for (const name of STRATEGY_NAMES) {
    const strategy = new STRATEGIES[name](clock);
    addAll(
      strategy,
      newMembers(count, (index) => WEIGHTS[index % WEIGHTS.length]),
    );
    bench(name, () => void strategy.pick(NOBODY), options);
  }
});

describe.each([8, 10_000])('lease, first byte, release in two pools, 64 open, %i members', (count) => {
  for (const name of STRATEGY_NAMES) {
    const balancer = new LoadBalancerService(balancerConfig(), clock);
    const memberIds = Array.from({ length: count }, (_, index) => `i${index}`);
    memberIds.forEach((id, index) =>
      balancer.setTarget({
        id,
        ownerId: 'owner',
        provider: 'vast.ai',
        weight: WEIGHTS[index % WEIGHTS.length],
        state: 'serving',
      }),
    );
    for (const key of ['default', 'named'])
      balancer.setPool(key, { ownerId: 'owner', strategy: name, memberIds });
    const open: Lease[] = [];
    let oldest = 0;
    bench(
      name,
      () => {
        open[oldest]?.release('success');
        open[oldest] = balancer.lease('named');
        open[oldest].firstByte();
        oldest = (oldest + 1) % 64;
      },
      options,
    );
  }
});
