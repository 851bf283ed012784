import { describe, expect, test } from 'vitest';
import { modelOf } from './machine-identity.js';
import { complete } from './text.js';

describe('words', () => {
  test('depend on the prompt alone and name its topic', () => {
    expect(complete('Explain photosynthesis', 'me')).toEqual(complete('Explain photosynthesis', 'me'));
    expect(complete('Explain photosynthesis', 'me').tokens.join('')).toContain('photosynthesis');
    expect(complete('hello there', 'me').tokens.join('')).toMatch(/^Hello! .* \(me\)$/);
    expect(complete('', 'me', 1)).toEqual({ tokens: ['(me)'], finishReason: 'length' });
  });

  test.each<[Record<string, string>, string, string]>([
    [{ MODEL: 'a' }, '--model b', 'a'],
    [{}, '-m x --model b/c --port 8000', 'b/c'],
    [{}, 'vllm serve --model="b c"', 'b c'],
    [{ MODEL_ID: 'd' }, '--model $MODEL_ID', 'd'],
    [{}, '--model=$MISSING', 'sandbox/tiny-llm'],
    [{}, '', 'sandbox/tiny-llm'],
  ])('the model of %j and "%s" is %s', (env, command, model) => {
    expect(modelOf(env, command)).toBe(model);
  });
});
