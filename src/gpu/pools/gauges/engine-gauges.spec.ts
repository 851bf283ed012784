import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../common/clock.js';
import { loadConfig } from '../../../config/load-config.js';
import type { ProbeAnswer, ProbeClient } from '../../../egress/probe.client.js';
import { LoadBalancerService } from '../../../loadbalancer/loadbalancer.service.js';
import type { StrategyName } from '../../../loadbalancer/strategies/index.js';
import { InstanceDirectory } from '../instance.directory.js';
import { PoolDirectory, defaultPool, poolKey } from '../pool.directory.js';
import { EngineGauges } from './engine-gauges.service.js';
import { readEngineLoad } from './engine-metrics.js';

const OWNER = 'ann';

describe('readEngineLoad', () => {
  it.each([
    [
      'vLLM',
      'vllm:num_requests_running{model_name="a"} 4.0\nvllm:num_requests_waiting{model_name="a"} 2.0',
      4,
      2,
    ],
    [
      'several models',
      'vllm:num_requests_waiting{m="a"} 2\nvllm:num_requests_waiting{m="b}\\" 9"} 1e1',
      0,
      12,
    ],
    ['SGLang', 'sglang:num_running_reqs{x="1"} 7\nsglang:num_queue_reqs{x="1"} 1 1700000000', 7, 1],
    ['TGI', 'tgi_batch_current_size 3\ntgi_queue_size 5\n', 3, 5],
    ['llama.cpp', 'llamacpp:requests_processing 1\r\nllamacpp:requests_deferred 0\r\n', 1, 0],
    ['Triton', 'nv_inference_pending_request_count{model="m",version="1"} 6', 0, 6],
  ])('reads the queue of %s', (_, text, running, waiting) => {
    expect(readEngineLoad(`# HELP x y\n${text}`)).toEqual({ running, waiting });
  });

  it.each([
    ['another program', 'http_requests_total 7'],
    ['a batch without a queue', 'vllm:num_requests_running 4'],
    ['similar names', 'vllm:num_requests_waiting_by_reason{r="x"} 4\nx_vllm:num_requests_waiting 5'],
    ['comments', '# vllm:num_requests_waiting 4'],
    ['no number', 'tgi_queue_size NaN'],
    ['nonsense', 'tgi_queue_size -1'],
    ['a page', '<html>'],
  ])('is no news from %s', (_, text) => {
    expect(readEngineLoad(text)).toBeUndefined();
  });
});

describe('EngineGauges', () => {
  let clock: ManualClock;
  let balancer: LoadBalancerService;
  let gauges: EngineGauges;
  let instances: InstanceDirectory;
  let pools: PoolDirectory;
  let asked: string[];
  const answers = new Map<string, Partial<ProbeAnswer> | Error>();

  beforeEach(() => {
    Logger.overrideLogger(false);
    clock = new ManualClock();
    balancer = new LoadBalancerService(loadConfig({ JWT_SECRET: 'k3'.repeat(20) }), clock);
    [instances, pools, asked] = [new InstanceDirectory(), new PoolDirectory(), []];
    answers.clear();
    const get = async (url: string): Promise<ProbeAnswer> => {
      asked.push(url);
      const answer = answers.get(new URL(url).hostname) ?? { status: 404 };
      if (answer instanceof Error) throw answer;
      return { status: 200, contentType: 'text/plain', body: '', isTruncated: false, ...answer };
    };
    gauges = new EngineGauges({ get } as unknown as ProbeClient, pools, instances, balancer, clock);
  });

  function publish(strategy: StrategyName): void {
    const ids = ['a', 'b'];
    const routable = ids.map((id) => ({
      instanceId: id,
      rentalId: `r-${id}`,
      ownerId: OWNER,
      provider: 'static' as const,
      origins: new Map([[8000, `http://${id}:8000`]]),
      isServing: true,
      hasService: true,
      health: { protocols: [] },
    }));
    instances.replaceOwner(OWNER, routable);
    const target = { ownerId: OWNER, provider: 'static', weight: 1, state: 'serving' as const };
    ids.forEach((id) => balancer.setTarget({ id, ...target }));
    const pool = { ...defaultPool(OWNER), key: poolKey(OWNER, 'p'), name: 'p', strategy, memberIds: ids };
    pools.replaceOwner(OWNER, [pool]);
    balancer.setPool(pool.key, pool);
  }

  const use = (id: string): void => balancer.leaseInstance(id).release('success');
  const waiting = (host: string, count: number): void =>
    void answers.set(host, { body: `tgi_queue_size ${count}` });
  const picks = (count: number): string[] =>
    Array.from({ length: count }, () => {
      const lease = balancer.lease(poolKey(OWNER, 'p'));
      lease.release('aborted');
      return lease.instanceId;
    });

  it('tells the balancer about the queues of instances that are in use', async () => {
    publish('least_connections');
    use('a');
    waiting('a', 3);
    await gauges.readDue();
    expect(asked).toEqual(['http://a:8000/metrics']);
    expect(picks(3)).toEqual(['b', 'b', 'b']);
  });

  it('asks nobody who is not used, or whose pool does not care', async () => {
    publish('least_connections');
    await gauges.readDue();
    use('a');
    clock.advance(15_000);
    await gauges.readDue();
    publish('round_robin');
    use('a');
    await gauges.readDue();
    expect(asked).toEqual([]);
    publish('least_connections');
    balancer.leaseInstance('b');
    clock.advance(60_000);
    await gauges.readDue();
    expect(asked).toEqual(['http://b:8000/metrics']);
  });

  it('leaves those alone for a minute that have no such metrics, not those in trouble', async () => {
    publish('least_connections');
    ['a', 'b'].forEach((id) => balancer.leaseInstance(id));
    answers.set('b', new Error('timeout'));
    await gauges.readDue();
    await gauges.readDue();
    answers.set('b', { status: 503 });
    await gauges.readDue();
    await gauges.readDue();
    expect(asked.filter((url) => url.includes('//a'))).toHaveLength(1);
    expect(asked.filter((url) => url.includes('//b'))).toHaveLength(4);
    clock.advance(60_000);
    await gauges.readDue();
    expect(asked.filter((url) => url.includes('//a'))).toHaveLength(2);
  });
});
