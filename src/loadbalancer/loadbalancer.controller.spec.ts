import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { balancerConfig } from '../../test/support/balancer-harness.js';
import { ROUTE_ACCESS, type Caller, type RequestWithCaller } from '../common/caller.js';
import { Clock, ManualClock } from '../common/clock.js';
import { ErrorFilter } from '../common/error.filter.js';
import { EventBus, type DomainEvent } from '../common/event-bus.js';
import { validationPipe } from '../common/validation.js';
import { AppConfig } from '../config/config.js';
import { LoadBalancerController } from './loadbalancer.controller.js';
import { STRATEGY_CHANGED } from './loadbalancer.events.js';
import { LoadBalancerService } from './loadbalancer.service.js';
import { STRATEGY_NAMES } from './strategies/index.js';
import type { StrategyPreference } from './strategy-preference.entity.js';
import { StrategyPreferenceRepository } from './strategy-preference.repository.js';
import { StrategyPreferences } from './strategy-preferences.service.js';

class PreferencesInMemory {
  readonly rows = new Map<string, StrategyPreference>();

  async find(userId: string): Promise<StrategyPreference | null> {
    return this.rows.get(userId) ?? null;
  }

  async save(preference: StrategyPreference): Promise<void> {
    this.rows.set(preference.userId, preference);
  }
}

/** Stands in for the guard: who calls is said in a header. */
function callerFrom(userId: string): Caller {
  return {
    userId,
    email: `${userId}@example.com`,
    isAdmin: false,
    mustChangePassword: false,
    credential: 'api_key',
    credentialId: 'key',
    scopes: [],
  };
}

describe('routes of the load balancer', () => {
  const clock = new ManualClock();
  const preferences = new PreferencesInMemory();
  let app: NestFastifyApplication;
  let balancer: LoadBalancerService;
  let events: EventBus;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      controllers: [LoadBalancerController],
      providers: [
        LoadBalancerService,
        StrategyPreferences,
        EventBus,
        { provide: AppConfig, useValue: balancerConfig({ strategy: 'equal_weighted' }) },
        { provide: Clock, useValue: clock },
        { provide: StrategyPreferenceRepository, useValue: preferences },
      ],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    app.useGlobalPipes(validationPipe());
    app.useGlobalFilters(new ErrorFilter());
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', async (request) => {
        (request as RequestWithCaller).caller = callerFrom(String(request.headers['x-user'] ?? 'ada'));
      });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    balancer = app.get(LoadBalancerService);
    events = app.get(EventBus);
  });

  afterAll(() => app.close());

  beforeEach(() => preferences.rows.clear());

  const get = async (url: string, user = 'ada'): Promise<{ status: number; body: unknown }> => {
    const answer = await app.inject({ method: 'GET', url, headers: { 'x-user': user } });
    return { status: answer.statusCode, body: answer.json() };
  };

  const choose = async (payload: object, user = 'ada'): Promise<{ status: number; body: unknown }> => {
    const headers = { 'x-user': user };
    const answer = await app.inject({ method: 'PUT', url: '/loadbalancer/strategy', headers, payload });
    return { status: answer.statusCode, body: answer.json() };
  };

  it("answers the operator's default until the caller has chosen", async () => {
    expect(await get('/loadbalancer/strategy')).toEqual({
      status: 200,
      body: { strategy: 'equal_weighted' },
    });
  });

  it("keeps each caller's own choice", async () => {
    expect(await choose({ strategy: 'least_connections' })).toEqual({
      status: 200,
      body: { strategy: 'least_connections', message: expect.stringContaining('least_connections') },
    });
    expect((await get('/loadbalancer/strategy')).body).toEqual({ strategy: 'least_connections' });
    expect((await get('/loadbalancer/strategy', 'grace')).body).toEqual({ strategy: 'equal_weighted' });
    expect(preferences.rows.get('ada')?.updatedAt).toBe(clock.now());
  });

  it('announces a choice', async () => {
    const heard: DomainEvent[] = [];
    const stop = events.on(STRATEGY_CHANGED, (event) => heard.push(event));
    await choose({ strategy: 'round_robin' });
    stop();
    expect(heard).toEqual([
      {
        name: 'loadbalancer.strategy_changed',
        userId: 'ada',
        at: clock.now(),
        data: { strategy: 'round_robin' },
      },
    ]);
  });

  it.each([{ strategy: 'fastest' }, { strategy: 'constructor' }, { strategy: 7 }, {}])(
    'refuses %o and lists the names',
    async (payload) => {
      const { status, body } = await choose(payload);
      expect(status).toBe(422);
      expect(body).toMatchObject({ code: 'invalid_input', errors: [{ field: 'strategy' }] });
      for (const name of STRATEGY_NAMES) expect(JSON.stringify(body)).toContain(name);
      expect(preferences.rows.size).toBe(0);
    },
  );

  it("shows the loads of the caller's instances", async () => {
    const shared = { provider: 'vast.ai', weight: 2.4, state: 'serving' } as const;
    balancer.setTarget({ id: 'vast-1', ownerId: 'ada', ...shared });
    balancer.setTarget({ id: 'vast-2', ownerId: 'ada', ...shared });
    balancer.setTarget({ id: 'vast-3', ownerId: 'grace', ...shared });
    const startedAt = new Date(clock.now()).toISOString();
    const lease = balancer.leaseInstance('vast-1');
    clock.advance(250);
    lease.firstByte();
    const used = {
      instance_id: 'vast-1',
      provider: 'vast.ai',
      active_connections: 1,
      total_connections: 1,
      avg_response_time: '250ms',
      last_response_time: '250ms',
      avg_response_time_ms: 250,
      weight: 2.4,
      last_used: startedAt,
      state: 'serving',
    };
    const unused = expect.objectContaining({
      total_connections: 0,
      avg_response_time: '0ms',
      last_used: null,
    });
    expect(await get('/loadbalancer/loads')).toEqual({
      status: 200,
      body: { strategy: 'equal_weighted', count: 2, loads: { 'vast-1': used, 'vast-2': unused } },
    });
    expect(await get('/loadbalancer/load?instance_id=vast-1')).toEqual({ status: 200, body: used });
  });

  it("does not tell another's instance from none", async () => {
    const answers = [
      await get('/loadbalancer/load?instance_id=vast-3'),
      await get('/loadbalancer/load?instance_id=vast-unknown'),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'instance_not_found' });
    }
  });

  it('wants to know which instance', async () => {
    expect(await get('/loadbalancer/load')).toMatchObject({
      status: 422,
      body: { errors: expect.arrayContaining([expect.objectContaining({ field: 'instance_id' })]) },
    });
  });

  it('opens reading to gpu:read and choosing to gpu:write', () => {
    const accessOf = (method: keyof LoadBalancerController): unknown =>
      Reflect.getMetadata(ROUTE_ACCESS, LoadBalancerController.prototype[method]);
    for (const reading of ['strategy', 'loads', 'load'] as const) {
      expect(accessOf(reading)).toEqual({ kind: 'scope', scope: 'gpu:read' });
    }
    expect(accessOf('chooseStrategy')).toEqual({ kind: 'scope', scope: 'gpu:write' });
  });
});

describe('StrategyPreferences', () => {
  const build = (strategy: string, repository = new PreferencesInMemory()): StrategyPreferences =>
    new StrategyPreferences(
      repository as unknown as StrategyPreferenceRepository,
      new EventBus(),
      new ManualClock(),
      balancerConfig({ strategy }),
    );

  it('refuses to start with a strategy that does not exist', () => {
    expect(() => build('fastest')).toThrow(/LB_STRATEGY must be one of round_robin.*not "fastest"/);
    expect(() => build('constructor')).toThrow('LB_STRATEGY');
  });

  it('falls back to the operator for a stored name that no longer exists', async () => {
    const repository = new PreferencesInMemory();
    await repository.save({ userId: 'ada', strategy: 'retired_strategy', updatedAt: 1 });
    expect(await build('least_connections', repository).of('ada')).toBe('least_connections');
  });
});
