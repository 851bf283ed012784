import { expect, it } from 'vitest';
import { asToolCall } from './inference-sugar.js';

const tools = (...names: string[]): { name: string; paramHeaders: [] }[] =>
  names.map((name) => ({ name, paramHeaders: [] }));

const call = (paramsSource: string): Parameters<typeof asToolCall>[0] => ({
  method: 'inference',
  params: JSON.parse(paramsSource) as Record<string, unknown>,
  paramsSource,
});

it.each(['inference', 'generate', 'completion', 'chat'])('takes the only tool that is called %s', (name) => {
  expect(asToolCall(call('{"prompt":"x", "n":1.0}'), tools('other', name))).toEqual({
    method: 'tools/call',
    params: { name, arguments: { prompt: 'x', n: 1 } },
    paramsSource: `{"name":"${name}","arguments":{"prompt":"x","n":1.0}}`,
  });
});

it('takes the tool that is named, and leaves _meta where it belongs', () => {
  const named = call('{"tool":"mine","_meta":{"progressToken":1},"n":9007199254740993}');
  expect(asToolCall(named, tools('chat', 'mine'))?.paramsSource).toBe(
    '{"name":"mine","_meta":{"progressToken":1},"arguments":{"n":9007199254740993}}',
  );
});

it('takes none when there is none, or more than one', () => {
  expect(asToolCall(call('{}'), tools('other'))).toBeUndefined();
  expect(asToolCall(call('{}'), tools('chat', 'generate'))).toBeUndefined();
  expect(asToolCall(call('{"tool":"mine"}'), tools('chat'))).toBeUndefined();
  expect(asToolCall(call('{"tool":5}'), tools('chat'))).toBeUndefined();
});
