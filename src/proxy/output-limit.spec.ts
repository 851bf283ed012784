import { describe, expect, it } from 'vitest';
import { outputLimitOf } from './output-limit.js';

describe('outputLimitOf', () => {
  it.each([
    ['{"model":"m","max_tokens": 64}', 64],
    ['{"max_completion_tokens":100,"max_tokens":64}', 100],
    ['{"messages":[{"content":"\\"max_tokens\\":9"}],"max_tokens":5,"n":3}', 15],
    ['{"text_input":"x","parameters":{"temperature":0,"max_tokens":7}}', 7],
    ['{"model":"m"}', undefined],
    ['{"parameters":{}}', undefined],
    ['{"parameters":7}', undefined],
    ['{"max_tokens":0}', undefined],
    ['{"max_tokens":-5}', undefined],
    ['{"max_tokens":1e3}', undefined],
    ['{"max_tokens":"64"}', undefined],
    ['{"max_tokens":99999999999}', undefined],
    ['{"max_tokens":999999999,"n":999999999}', 1_000_000_000],
    ['{"max_tokens":null,"n":2}', undefined],
    ['[1]', undefined],
    ['plain text', undefined],
    ['', undefined],
  ])('of %s is %s', (body, limit) => {
    expect(outputLimitOf(Buffer.from(body))).toBe(limit);
  });
});
