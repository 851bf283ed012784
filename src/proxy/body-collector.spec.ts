import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { AppConfig } from '../config/config.js';
import { BodyCollector, HELD_WHOLE_BYTES, MOST_HELD_BYTES } from './body-collector.js';
import type { Visit } from './visit.js';

const MEBIBYTE = Buffer.alloc(1_048_576, 'x');
const config = { proxy: { maxBodyBytes: 2 * MOST_HELD_BYTES, idleTimeoutMs: 60_000 } } as AppConfig;

class Sender {
  readonly request = Object.assign(new EventEmitter(), {
    headers: { 'transfer-encoding': 'chunked' },
    pause: vi.fn<() => void>(),
    unshift: vi.fn<(bytes: Buffer) => void>(),
  });
  readonly response = new EventEmitter();
  readonly refuse = vi.fn<(error: unknown) => void>();
  readonly visit = this as unknown as Visit;

  send(mebibytes: number): void {
    for (let sent = 0; sent < mebibytes; sent += 1) this.request.emit('data', MEBIBYTE);
  }
  leave(): void {
    this.response.emit('close');
  }
}

function sender(bodies: BodyCollector, taker: Parameters<BodyCollector['collect']>[1]): Sender {
  const made = new Sender();
  bodies.collect(made.visit, taker);
  return made;
}

const whole = (): void => undefined;

describe('bodies that are held', () => {
  it('take so much together and no more, until some of them are gone', () => {
    const bodies = new BodyCollector(config);
    const half = MOST_HELD_BYTES / MEBIBYTE.length / 2;
    const [first, second] = [sender(bodies, { whole }), sender(bodies, { whole })];
    first.send(half);
    second.send(half);
    expect(bodies.heldBytes).toBe(MOST_HELD_BYTES);
    expect([first.refuse, second.refuse].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    second.send(1);
    expect(second.refuse).toHaveBeenCalledWith(expect.objectContaining({ code: 'server_busy', status: 503 }));
    second.leave();
    first.leave();
    expect(bodies.heldBytes).toBe(0);
    const third = sender(bodies, { whole });
    third.send(1);
    expect(bodies.heldBytes).toBe(MEBIBYTE.length);
    third.leave();
  });

  it('are not held any longer when their beginning tells enough', () => {
    const bodies = new BodyCollector(config);
    const pass = vi.fn<() => void>();
    const passing = sender(bodies, { whole, long: () => pass });
    passing.send(1);
    expect(pass).not.toHaveBeenCalled();
    passing.send(1);
    expect(pass).toHaveBeenCalledOnce();
    const [beginning] = passing.request.unshift.mock.calls[0];
    expect(beginning.equals(Buffer.concat([MEBIBYTE, MEBIBYTE]))).toBe(true);
    expect([bodies.heldBytes, passing.request.listenerCount('data')]).toEqual([0, 0]);
    passing.leave();
    expect(bodies.heldBytes).toBe(0);
  });

  it('are asked for their beginning once', () => {
    const bodies = new BodyCollector(config);
    const long = vi.fn<() => undefined>(() => undefined);
    const held = sender(bodies, { whole, long });
    held.send(5);
    expect(long).toHaveBeenCalledOnce();
    expect(bodies.heldBytes).toBeGreaterThan(HELD_WHOLE_BYTES);
    held.leave();
  });
});
