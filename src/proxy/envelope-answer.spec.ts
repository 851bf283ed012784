import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EnvelopeAnswer, MOST_HELD_BYTES } from './envelope-answer.js';
import type { Exchange } from './exchange.js';
import type { Visit } from './visit.js';

const MEBIBYTE = Buffer.alloc(1_048_576, 'x');
const LONGEST = 64;

const responses: EventEmitter[] = [];
afterEach(() => responses.splice(0).forEach((response) => response.emit('close')));

function receive(mebibytes: number): { giveUp: ReturnType<typeof vi.fn>; answer: EnvelopeAnswer } {
  const response = new EventEmitter();
  const answer = new EnvelopeAnswer({ response } as unknown as Visit);
  const giveUp = vi.fn<(error: unknown) => void>();
  answer.follow({ abort: () => undefined, giveUp } as unknown as Exchange);
  responses.push(response);
  for (let received = 0; received < mebibytes; received += 1) answer.data(MEBIBYTE);
  return { giveUp, answer };
}

describe('answers that are held', () => {
  it('are no longer than 64 MiB', () => {
    expect(receive(LONGEST).giveUp).not.toHaveBeenCalled();
    expect(receive(LONGEST + 1).giveUp).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'upstream_too_large' }),
    );
  });

  it('take so much together and no more, until some are gone; small ones always find room', () => {
    const answers = MOST_HELD_BYTES / MEBIBYTE.length / LONGEST;
    for (let index = 0; index < answers; index += 1) {
      expect(receive(LONGEST).giveUp).not.toHaveBeenCalled();
    }
    const busy = expect.objectContaining({ code: 'server_busy' });
    expect(receive(1).giveUp).toHaveBeenCalledWith(busy);
    const small = receive(0);
    small.answer.data(MEBIBYTE.subarray(0, 1000));
    expect(small.giveUp).not.toHaveBeenCalled();
    responses.splice(0).forEach((response) => response.emit('close'));
    expect(receive(1).giveUp).not.toHaveBeenCalled();
  });
});
