import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../common/clock.js';
import { loadConfig } from '../../../config/load-config.js';
import type { ProbeAnswer, ProbeClient, ProbeOptions } from '../../../egress/probe.client.js';
import { LoadBalancerService } from '../../../loadbalancer/loadbalancer.service.js';
import { InstanceDirectory, type RoutableInstance } from '../instance.directory.js';
import { PoolDirectory, defaultPool, poolKey, type RoutablePool } from '../pool.directory.js';
import type { RoutingPublisher } from '../routing-publisher.js';
import { ModelDirectory } from './model.directory.js';
import { ModelDiscovery } from './model-discovery.service.js';
import { ModelFreshness } from './model-freshness.service.js';
import { readModelListing } from './model-listing.js';

const OWNER = 'ann';
const listing = (...ids: string[]): string => JSON.stringify({ data: ids.map((id) => ({ id })) });

/** Instances by number: `i1` answers at http://h1:8000, and at http://h1:9000 for pools with port 9000. */
class Fleet {
  readonly clock = new ManualClock();
  readonly instances = new InstanceDirectory();
  readonly pools = new PoolDirectory();
  readonly balancer = new LoadBalancerService(loadConfig({ JWT_SECRET: 'k3'.repeat(20) }), this.clock);
  readonly directory = new ModelDirectory(this.pools, this.instances, this.balancer);
  readonly asked: { url: string; headers: ProbeOptions['headers'] }[] = [];
  readonly answers = new Map<string, Partial<ProbeAnswer> | Error>();
  readonly discovery: ModelDiscovery;

  constructor() {
    const get = async (url: string, { headers }: ProbeOptions): Promise<ProbeAnswer> => {
      this.asked.push({ url, headers });
      const answer = this.answers.get(new URL(url).host) ?? { status: 404 };
      if (answer instanceof Error) throw answer;
      return { status: 200, contentType: 'application/json', body: '', isTruncated: false, ...answer };
    };
    const client = { get } as unknown as ProbeClient;
    this.discovery = new ModelDiscovery(client, this.pools, this.instances, this.directory, this.clock);
    this.directory.onModuleInit();
    this.discovery.onModuleInit();
    this.discovery.onApplicationShutdown();
  }

  tells(host: string, ...ids: string[]): void {
    this.answers.set(host, { body: listing(...ids) });
  }

  /** Publishes as RoutingPublisher does; `fenced` ones run and do not serve. */
  publish(pools: Record<string, Partial<RoutablePool>>, fenced: readonly string[] = []): void {
    const ids = [...new Set(Object.values(pools).flatMap(({ memberIds = [] }) => memberIds))];
    const instances = ids.map((id) => toInstance(id, !fenced.includes(id)));
    this.instances.replaceOwner(OWNER, instances);
    for (const { instanceId: id, isServing } of instances) {
      const state = isServing ? 'serving' : 'fenced';
      this.balancer.setTarget({ id, ownerId: OWNER, provider: 'static', weight: 1, state });
    }
    const routable = Object.entries(pools).map(([name, settings]) => ({
      ...defaultPool(OWNER),
      key: poolKey(OWNER, name),
      name,
      ...settings,
    }));
    this.pools.replaceOwner(OWNER, routable);
    routable.forEach((pool) => this.balancer.setPool(pool.key, pool));
  }

  /** Lets the answers to what was asked arrive. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    this.directory.settle(OWNER);
  }

  poolsOf(model: string): string[] {
    return this.directory
      .tableOf(OWNER)
      .offersOf(model)
      .map(({ pool }) => pool.name);
  }

  /** Which instances take the next requests for a model in a pool. */
  picks(pool: string, model: string, count: number): string[] {
    const key = this.directory.tableOf(OWNER).offerIn(pool, model)?.leaseKey ?? '';
    return Array.from({ length: count }, () => {
      const lease = this.balancer.lease(key);
      lease.release('success');
      return lease.instanceId;
    });
  }
}

function toInstance(id: string, isServing: boolean): RoutableInstance {
  const host = id.replace('i', 'h');
  return {
    instanceId: id,
    rentalId: `r-${id}`,
    ownerId: OWNER,
    provider: 'static',
    origins: new Map([
      [8000, `http://${host}:8000`],
      [9000, `http://${host}:9000`],
    ]),
    isServing,
    hasService: true,
    health: { protocols: [] },
  };
}

let fleet: Fleet;

beforeEach(() => {
  Logger.overrideLogger(false);
  fleet = new Fleet();
});

describe('readModelListing', () => {
  it('takes the ids, once each, and what else is well formed', () => {
    const data = [
      { id: 'a', created: 1_700_000_000, owned_by: 'vllm' },
      { id: 'a' },
      { id: 'b', created: 'yesterday', owned_by: '' },
      { id: 7 },
      { id: 'line\nbreak' },
      { id: 'x'.repeat(257) },
      null,
    ];
    expect(readModelListing(JSON.stringify({ object: 'list', data }))).toEqual([
      { id: 'a', created: 0, ownedBy: 'gpuproxy' },
      { id: 'b', created: 0, ownedBy: 'gpuproxy' },
    ]);
    expect(readModelListing(JSON.stringify({ data: data.slice(0, 1) }))).toEqual([
      { id: 'a', created: 1_700_000_000, ownedBy: 'vllm' },
    ]);
  });

  it.each(['<html>', '{}', '{"data":{}}', 'null', '[]', ''])('knows that %j is none', (body) => {
    expect(readModelListing(body)).toBeUndefined();
  });
});

describe('ModelDirectory', () => {
  it('finds the pools that serve a model, named ones before default', async () => {
    fleet.tells('h1:8000', 'llama', 'shared');
    fleet.tells('h2:8000', 'qwen', 'shared');
    fleet.publish({
      default: { memberIds: ['i1', 'i2'] },
      a: { memberIds: ['i1'] },
      b: { memberIds: ['i2'] },
    });
    await fleet.settled();
    expect(fleet.poolsOf('llama')).toEqual(['a', 'default']);
    expect(fleet.poolsOf('shared')).toEqual(['a', 'b', 'default']);
    expect(fleet.poolsOf('gpt')).toEqual([]);
  });

  it('picks among the members that serve the model, in turns', async () => {
    fleet.tells('h1:8000', 'llama');
    fleet.tells('h2:8000', 'qwen');
    fleet.tells('h3:8000', 'llama');
    fleet.publish({ a: { memberIds: ['i1', 'i2', 'i3'] } });
    await fleet.settled();
    expect(fleet.picks('a', 'llama', 4)).toEqual(['i1', 'i3', 'i1', 'i3']);
    expect(fleet.picks('a', 'qwen', 2)).toEqual(['i2', 'i2']);
  });

  it('uses the pool itself when all members serve the model, and one part for models with the same members', async () => {
    fleet.tells('h1:8000', 'llama', 'lora-1', 'lora-2');
    fleet.tells('h2:8000', 'llama');
    fleet.publish({ a: { memberIds: ['i1', 'i2'] } });
    await fleet.settled();
    const table = fleet.directory.tableOf(OWNER);
    expect(table.offerIn('a', 'llama')?.leaseKey).toBe(poolKey(OWNER, 'a'));
    expect(table.offerIn('a', 'lora-1')?.leaseKey).toBe(table.offerIn('a', 'lora-2')?.leaseKey);
    expect([...table.parts.values()]).toEqual([
      { ownerId: OWNER, strategy: 'round_robin', memberIds: ['i1'] },
    ]);
  });

  it('drops parts of the balancer that nobody needs any more', async () => {
    fleet.tells('h1:8000', 'llama');
    fleet.publish({ a: { memberIds: ['i1', 'i2'] } });
    await fleet.settled();
    const [key] = fleet.directory.tableOf(OWNER).parts.keys();
    expect(fleet.balancer.lease(key).instanceId).toBe('i1');
    fleet.publish({ a: { memberIds: ['i2'] } });
    expect(() => fleet.balancer.lease(key)).toThrow(expect.objectContaining({ code: 'no_healthy_instance' }));
    expect(fleet.poolsOf('llama')).toEqual([]);
  });

  it('lets declarations speak for members that tell nothing, and for all when nobody lists the model', async () => {
    fleet.tells('h1:8000', 'llama');
    fleet.tells('h2:8000', 'qwen');
    fleet.publish({ a: { memberIds: ['i1', 'i2', 'i3'], models: ['llama', 'alias'] } });
    await fleet.settled();
    expect(fleet.picks('a', 'llama', 3)).toEqual(['i1', 'i3', 'i1']);
    expect(fleet.picks('a', 'alias', 3)).toEqual(['i1', 'i2', 'i3']);
  });

  it('knows a declared model before there is any instance', () => {
    fleet.publish({ a: { models: ['llama'] } });
    expect(fleet.poolsOf('llama')).toEqual(['a']);
    expect(() => fleet.picks('a', 'llama', 1)).toThrow(
      expect.objectContaining({ code: 'no_healthy_instance' }),
    );
  });
});

describe('ModelDiscovery', () => {
  it('asks each port once, and with the credentials of the pool', async () => {
    const upstreamHeaders = { authorization: 'Bearer s' };
    fleet.publish({
      default: { memberIds: ['i1'] },
      a: { memberIds: ['i1'] },
      b: { memberIds: ['i1'], port: 9000, upstreamHeaders },
    });
    await fleet.settled();
    expect(fleet.asked).toEqual([
      { url: 'http://h1:8000/v1/models', headers: undefined },
      { url: 'http://h1:9000/v1/models', headers: upstreamHeaders },
    ]);
  });

  it('asks when an instance begins to serve, not before, and keeps what it told while it is fenced', async () => {
    fleet.tells('h1:8000', 'llama');
    fleet.publish({ a: { memberIds: ['i1'] } }, ['i1']);
    expect(fleet.asked).toHaveLength(0);
    fleet.publish({ a: { memberIds: ['i1'] } });
    await fleet.settled();
    fleet.publish({ a: { memberIds: ['i1'] } }, ['i1']);
    expect(fleet.poolsOf('llama')).toEqual(['a']);
    fleet.tells('h1:8000', 'qwen');
    fleet.publish({ a: { memberIds: ['i1'] } });
    await fleet.settled();
    expect([fleet.asked.length, fleet.poolsOf('llama'), fleet.poolsOf('qwen')]).toEqual([2, [], ['a']]);
  });

  it('keeps what a server told that is in trouble, and forgets what one has no more', async () => {
    fleet.tells('h1:8000', 'llama');
    fleet.publish({ a: { memberIds: ['i1'] } });
    await fleet.settled();
    for (const trouble of [{ status: 503 }, new Error('timeout')]) {
      fleet.answers.set('h1:8000', trouble);
      fleet.clock.advance(5000);
      await fleet.discovery.freshen(OWNER);
      expect(fleet.poolsOf('llama')).toEqual(['a']);
    }
    fleet.answers.set('h1:8000', { status: 404 });
    fleet.clock.advance(5000);
    await fleet.discovery.freshen(OWNER);
    expect(fleet.poolsOf('llama')).toEqual([]);
  });

  it('asks again on demand, but not within five seconds', async () => {
    fleet.publish({ a: { memberIds: ['i1'] } });
    await fleet.settled();
    expect(fleet.discovery.freshen(OWNER)).toBeUndefined();
    fleet.tells('h1:8000', 'new-adapter');
    fleet.clock.advance(5000);
    await fleet.discovery.freshen(OWNER);
    expect([fleet.asked.length, fleet.poolsOf('new-adapter')]).toEqual([2, ['a']]);
  });

  it('lets what has just been told count for whoever asks', async () => {
    fleet.tells('h1:8000', 'llama');
    fleet.publish({ a: { memberIds: ['i1'] } });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(fleet.poolsOf('llama')).toEqual([]);
    await fleet.discovery.freshen(OWNER);
    expect([fleet.asked.length, fleet.poolsOf('llama')]).toEqual([1, ['a']]);
  });

  it('does not listen to an instance that is gone by the time it answers', async () => {
    fleet.tells('h1:8000', 'llama');
    fleet.publish({ a: { memberIds: ['i1'] } });
    fleet.publish({ a: { memberIds: [] } });
    await fleet.settled();
    fleet.answers.clear();
    fleet.publish({ a: { memberIds: ['i1'] } }, ['i1']);
    expect(fleet.poolsOf('llama')).toEqual([]);
  });
});

describe('ModelFreshness', () => {
  it('reads the routing of an owner anew, once a second at most, and then waits for models', async () => {
    fleet.tells('h1:8000', 'llama');
    const publishOwner = vi.fn(async () => fleet.publish({ a: { memberIds: ['i1'] } }));
    const publisher = { publishOwner } as unknown as RoutingPublisher;
    const freshness = new ModelFreshness(publisher, fleet.discovery, fleet.clock);
    await freshness.freshen(OWNER);
    expect(fleet.poolsOf('llama')).toEqual(['a']);
    expect([freshness.catchUp(OWNER), freshness.freshen(OWNER)]).toEqual([undefined, undefined]);
    fleet.clock.advance(1000);
    await freshness.catchUp(OWNER);
    expect(publishOwner).toHaveBeenCalledTimes(2);
  });

  it('goes on with what it knows when the database does not answer', async () => {
    const publishOwner = (): Promise<void> => Promise.reject(new Error('away'));
    const publisher = { publishOwner } as unknown as RoutingPublisher;
    const freshness = new ModelFreshness(publisher, fleet.discovery, fleet.clock);
    await expect(freshness.freshen(OWNER)).resolves.toBeUndefined();
  });
});
