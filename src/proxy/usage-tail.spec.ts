import { describe, expect, it } from 'vitest';
import { UsageTail, mayHoldUsage, readUsage } from './usage-tail.js';

const read = (...chunks: string[]): ReturnType<UsageTail['read']> => {
  const tail = new UsageTail();
  chunks.forEach((chunk) => tail.push(Buffer.from(chunk)));
  return tail.read();
};

describe('UsageTail', () => {
  it('finds tokens in the chunk before [DONE], and in one that is split', () => {
    const usage =
      'data: {"choices":[],"usage":{"prompt_tokens":5,"total_tokens":12,"completion_tokens":7}}\n\n';
    expect(read('data: {}\n\n', usage, 'data: [DONE]\n\n')).toEqual({ inputTokens: 5, outputTokens: 7 });
    expect(read(usage.slice(0, 40), usage.slice(40), 'data: [DONE]\n\n')).toEqual({
      inputTokens: 5,
      outputTokens: 7,
    });
  });

  it('takes the last of several counts, and the names of other engines', () => {
    expect(
      read(
        '{"usage":{"prompt_tokens":5,"completion_tokens":1}}{"usage":{"prompt_tokens":5,"completion_tokens":2}}',
      ),
    ).toEqual({
      inputTokens: 5,
      outputTokens: 2,
    });
    expect(read('{"usage": {"input_tokens": 3, "output_tokens": 4}}')).toEqual({
      inputTokens: 3,
      outputTokens: 4,
    });
  });

  it('knows when there is none', () => {
    expect(read()).toBeUndefined();
    expect(read('{"usage":null}')).toBeUndefined();
    expect(readUsage(Buffer.from('no json'))).toBeUndefined();
  });

  it('looks at the last 16 KiB only', () => {
    expect(read(`{"usage":{"prompt_tokens":1,"completion_tokens":1}}${' '.repeat(20_000)}`)).toBeUndefined();
  });

  it('is used for JSON and event streams that are not compressed', () => {
    expect(mayHoldUsage('application/json; charset=utf-8', undefined)).toBe(true);
    expect(mayHoldUsage('text/event-stream', 'identity')).toBe(true);
    expect(mayHoldUsage('application/json', 'gzip')).toBe(false);
    expect(mayHoldUsage('image/png', undefined)).toBe(false);
  });
});
