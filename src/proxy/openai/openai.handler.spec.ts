import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppConfig } from '../../config/config.js';
import { noHealthyInstance } from '../../loadbalancer/loadbalancer.errors.js';
import type { ProxyService } from '../proxy.service.js';
import type { TransparentHandler } from '../transparent.handler.js';
import type { Visit } from '../visit.js';
import type { BodyCollector, BodyTaker } from '../body-collector.js';
import type { ModelRouter } from './model-router.js';
import { OpenAiHandler } from './openai.handler.js';

const BODY = Buffer.from('{"model":"m"}');
const run = vi.fn<() => void>();
const lookAgain = vi.fn<() => Promise<void> | undefined>();
const route = vi.fn(() => ({ destination: {}, model: 'm' }));
const looks = async (): Promise<void> => undefined;

const handler = new OpenAiHandler(
  { proxy: { idleTimeoutMs: 1000, maxBodyBytes: 1000 } } as AppConfig,
  { route, lookAgain } as unknown as ModelRouter,
  { collect: (_: Visit, taker: BodyTaker) => taker.whole(BODY) } as unknown as BodyCollector,
  { headersFor: () => [] } as unknown as TransparentHandler,
  { run } as unknown as ProxyService,
);

function visit(headers: Record<string, string>): Visit {
  return {
    request: { method: 'GET', headers },
    response: { destroyed: false },
    caller: { userId: 'ann' },
    match: { route: { template: '/v1/{path}' }, rest: '/v1/x' },
  } as unknown as Visit;
}

const nobody = (): never => {
  throw noHealthyInstance(1000);
};

describe.each([
  ['with a model', { 'content-length': '13' }],
  ['with X-Pool', { 'x-pool': 'p' }],
])('a request %s that finds nobody healthy', (_, headers) => {
  beforeEach(() => {
    for (const fake of [run, lookAgain, route]) fake.mockClear();
  });

  it('is tried again once this process has caught up with the database', async () => {
    run.mockImplementationOnce(nobody);
    lookAgain.mockImplementationOnce(looks);
    await handler.serve(visit(headers));
    expect([run.mock.calls.length, route.mock.calls.length]).toEqual([2, 2]);
  });

  it('is refused when there is nothing new to see, or still nobody', async () => {
    run.mockImplementation(nobody);
    lookAgain.mockImplementation(() => undefined);
    expect(() => handler.serve(visit(headers))).toThrow(
      expect.objectContaining({ code: 'no_healthy_instance' }),
    );
    lookAgain.mockImplementation(looks);
    await expect(handler.serve(visit(headers))).rejects.toMatchObject({ code: 'no_healthy_instance' });
    expect(run).toHaveBeenCalledTimes(3);
    run.mockReset();
  });

  it('is not tried again when it failed for another reason', () => {
    run.mockImplementationOnce(() => {
      throw new Error('other');
    });
    expect(() => handler.serve(visit(headers))).toThrow('other');
    expect(lookAgain).not.toHaveBeenCalled();
  });
});
