import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { targetNotAllowed } from '../../../../egress/egress.errors.js';
import type { EgressGuard } from '../../../../egress/guard.js';
import { GrpcChannels } from './grpc-channels.js';

const server = new Server();
const addressesOf = vi.fn<EgressGuard['addressesOf']>();
let port = 0;
let channels: GrpcChannels;

beforeAll(async () => {
  port = await new Promise<number>((resolve, reject) => {
    const bound = (error: Error | null, free: number): void => (error ? reject(error) : resolve(free));
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
  });
});
afterAll(() => server.forceShutdown());
beforeEach(() => {
  addressesOf.mockReset().mockResolvedValue(['127.0.0.1']);
  channels = new GrpcChannels({ addressesOf } as unknown as EgressGuard);
});
afterEach(() => channels.onModuleDestroy());

/** The name resolves nowhere: whoever gets there has used the guard's address. */
const take = (tenant = 'ann', kind: 'target' | 'instance' = 'target'): ReturnType<GrpcChannels['take']> =>
  channels.take({ tenant, kind, origin: `http://inference.invalid:${port}` });

describe('GrpcChannels', () => {
  it('connects to the address that the guard has passed, and asks it each time', async () => {
    (await take()).release();
    addressesOf.mockRejectedValue(targetNotAllowed());
    await expect(take()).rejects.toMatchObject({ code: 'target_not_allowed' });
    expect(addressesOf).toHaveBeenCalledWith('inference.invalid', port, 'target');
  });

  it('shares channels to typed targets within a tenant only, and those to instances', async () => {
    for (const tenant of ['ann', 'ann', 'bob']) (await take(tenant)).release();
    expect(channels.count).toBe(2);
    for (const tenant of ['ann', 'bob']) (await take(tenant, 'instance')).release();
    expect(channels.count).toBe(3);
  });

  it('takes the second address when the first is dead, and keeps no channel to the dead one', async () => {
    addressesOf.mockResolvedValue(['127.0.0.9', '127.0.0.1']);
    (await take()).release();
    expect(channels.count).toBe(1);
  });

  it('closes what is idle, and nothing that is in use', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    try {
      const { release } = await take();
      vi.advanceTimersByTime(200_000);
      expect(channels.count).toBe(1);
      release();
      vi.advanceTimersByTime(100_000);
      expect(channels.count).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
