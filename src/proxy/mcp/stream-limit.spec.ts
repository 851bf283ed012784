import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import type { Visit } from '../visit.js';
import { MOST_STREAMS, StreamLimit } from './stream-limit.js';

function visitOf(userId: string): Visit & { response: EventEmitter } {
  return { caller: { userId }, response: new EventEmitter() } as unknown as Visit & {
    response: EventEmitter;
  };
}

it('counts what each account has open', () => {
  const limit = new StreamLimit();
  const open = Array.from({ length: MOST_STREAMS }, () => visitOf('ada'));
  open.forEach((visit) => limit.enter(visit));
  expect(() => limit.enter(visitOf('ada'))).toThrow(expect.objectContaining({ code: 'too_many_streams' }));
  expect(() => limit.enter(visitOf('grace'))).not.toThrow();
  open[0].response.emit('close');
  expect(() => limit.enter(visitOf('ada'))).not.toThrow();
  expect(() => limit.enter(visitOf('ada'))).toThrow(expect.objectContaining({ status: 429 }));
});
