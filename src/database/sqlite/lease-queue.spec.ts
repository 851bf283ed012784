import { beforeEach, describe, expect, it } from 'vitest';
import { LeaseQueue, type Lease } from './lease-queue.js';

interface Resource {
  serial: number;
  isClosed: boolean;
}

describe('LeaseQueue', () => {
  let opened: Resource[];
  let failNextOpen: boolean;

  beforeEach(() => {
    opened = [];
    failNextOpen = false;
  });

  const queue = (max: number, waitMs = 1000): LeaseQueue<Resource> =>
    new LeaseQueue({
      max,
      waitMs,
      open: async () => {
        if (failNextOpen) throw new Error('cannot open');
        const resource = { serial: opened.length, isClosed: false };
        opened.push(resource);
        return resource;
      },
      close: async (resource) => {
        resource.isClosed = true;
      },
    });

  it('opens only what is needed and hands it on', async () => {
    const leases = queue(2);
    const first = await leases.acquire();
    first.giveBack();
    const second = await leases.acquire();
    expect([opened.length, second.resource]).toEqual([1, first.resource]);
  });

  it('never leases more than the maximum, and admits in the order of asking', async () => {
    const leases = queue(1);
    const held = await leases.acquire();
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (index) => {
      const lease = await leases.acquire();
      order.push(index);
      expect(opened.length).toBe(1);
      lease.giveBack();
    });
    held.giveBack();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  it('counts giving back once', async () => {
    const leases = queue(1);
    const first = await leases.acquire();
    first.giveBack();
    const second = await leases.acquire();
    first.giveBack();
    first.discard();
    const third = leases.acquire();
    let isThirdAdmitted = false;
    void third.then(() => (isThirdAdmitted = true));
    await new Promise(setImmediate);
    expect(isThirdAdmitted).toBe(false);
    second.giveBack();
    expect((await third).resource.isClosed).toBe(false);
  });

  it('replaces what is discarded, also for those who wait', async () => {
    const leases = queue(1);
    const broken = await leases.acquire();
    const waiting = leases.acquire();
    broken.discard();
    const fresh = await waiting;
    expect([broken.resource.isClosed, fresh.resource.serial]).toEqual([true, 1]);
  });

  it('lets one fail that cannot open, and the next try again', async () => {
    const leases = queue(1);
    failNextOpen = true;
    await expect(leases.acquire()).rejects.toThrow('cannot open');
    failNextOpen = false;
    expect((await leases.acquire()).resource.serial).toBe(0);
  });

  it('ends waiting with 503 after the time-out, and forgets who waited', async () => {
    const leases = queue(1, 20);
    const held = await leases.acquire();
    await expect(leases.acquire()).rejects.toMatchObject({ code: 'database_unavailable', status: 503 });
    held.giveBack();
    const next = await leases.acquire();
    next.giveBack();
    expect(opened.length).toBe(1);
  });

  it('refuses all who wait when it closes, and closes everything', async () => {
    const leases = queue(1);
    const held = await leases.acquire();
    const waiting = Array.from({ length: 50 }, () => leases.acquire().catch((error: unknown) => error));
    const closing = leases.close(1000);
    const refused = await Promise.all(waiting);
    expect(refused.every((error) => (error as { status: number }).status === 503)).toBe(true);
    expect(held.resource.isClosed).toBe(false);
    held.giveBack();
    await closing;
    expect(held.resource.isClosed).toBe(true);
    await expect(leases.acquire()).rejects.toMatchObject({ status: 503 });
  });

  it('closes what was still being opened when it closed', async () => {
    const leases = queue(1);
    const acquiring = leases.acquire();
    await leases.close(10);
    await expect(acquiring).rejects.toMatchObject({ status: 503 });
    expect(opened[0].isClosed).toBe(true);
  });

  it('does not wait for ever for what is never given back', async () => {
    const leases = queue(1);
    const kept: Lease<Resource> = await leases.acquire();
    await leases.close(10);
    expect(kept.resource.isClosed).toBe(true);
    kept.giveBack();
  });
});
