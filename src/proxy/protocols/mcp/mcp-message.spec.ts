import { describe, expect, it } from 'vitest';
import { errorCodeOf, readMessage, withErrorData, withId } from './mcp-message.js';

describe('readMessage', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"x"}', 'request'],
    ['{"jsonrpc":"2.0","method":"x"}', 'notification'],
    ['{"jsonrpc":"2.0","id":1,"result":{}}', 'response'],
    ['{"jsonrpc":"2.0","error":{"code":1,"message":""}}', 'response'],
  ])('knows %s', (source, kind) => {
    expect(readMessage(source)).toMatchObject({ kind, source });
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '1',
    '{}',
    '{"jsonrpc":"1.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":1}',
  ])('refuses %j', (source) => {
    expect(() => readMessage(source)).toThrow(expect.objectContaining({ code: 'upstream_protocol_error' }));
  });
});

it('withId changes nothing else', () => {
  expect(withId('{ "id" : "ours", "result":{"n":9007199254740993, "x":1.0} }', '7')).toBe(
    '{"id":7,"result":{"n":9007199254740993, "x":1.0}}',
  );
  expect(withId('{"jsonrpc":"2.0","error":{}}', '"a"')).toBe('{"jsonrpc":"2.0","error":{},"id":"a"}');
});

it('withErrorData adds to what the server said', () => {
  const add = (source: string): unknown => JSON.parse(withErrorData(source, 'tools', ['a']));
  expect(add('{"error":{"code":1}}')).toEqual({ error: { code: 1, data: { tools: ['a'] } } });
  expect(add('{"error":{"code":1,"data":{"x":1}}}')).toEqual({
    error: { code: 1, data: { x: 1, tools: ['a'] } },
  });
  expect(add('{"error":{"code":1,"data":"text"}}')).toEqual({ error: { code: 1, data: { tools: ['a'] } } });
});

it('errorCodeOf tells the code of an error and nothing else', () => {
  expect(errorCodeOf(readMessage('{"jsonrpc":"2.0","id":1,"error":{"code":-32601}}'))).toBe(-32601);
  expect(errorCodeOf(readMessage('{"jsonrpc":"2.0","id":1,"result":{}}'))).toBeUndefined();
  expect(errorCodeOf(undefined)).toBeUndefined();
});
