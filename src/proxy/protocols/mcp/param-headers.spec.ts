import { describe, expect, it } from 'vitest';
import { paramHeaders, paramHeadersOf } from './param-headers.js';

const region = { type: 'string', 'x-mcp-header': 'Region' };
const schema = (properties: object, more = {}): object => ({ type: 'object', properties, ...more });

describe('paramHeadersOf', () => {
  it('finds annotations at any depth of properties', () => {
    const nested = schema({
      a: schema({ region }),
      level: { type: 'integer', 'x-mcp-header': 'Level' },
      b: {},
    });
    expect(paramHeadersOf(nested)).toEqual([
      { name: 'Region', path: ['a', 'region'] },
      { name: 'Level', path: ['level'] },
    ]);
    expect(paramHeadersOf(schema({}))).toEqual([]);
    expect(paramHeadersOf(undefined)).toEqual([]);
  });

  it.each([
    ['an empty name', schema({ a: { type: 'string', 'x-mcp-header': '' } })],
    ['a name that is no token', schema({ a: { type: 'string', 'x-mcp-header': 'a b' } })],
    ['a name with a line break', schema({ a: { type: 'string', 'x-mcp-header': 'a\r\nb' } })],
    ['no text', schema({ a: { type: 'string', 'x-mcp-header': 1 } })],
    ['a number', schema({ a: { type: 'number', 'x-mcp-header': 'A' } })],
    ['an object', schema({ a: { type: 'object', 'x-mcp-header': 'A' } })],
    ['the same name twice', schema({ a: region, b: { type: 'string', 'x-mcp-header': 'REGION' } })],
    ['the root', { ...schema({}), type: 'string', 'x-mcp-header': 'A' }],
    ['items', schema({ a: { type: 'array', items: region } })],
    ['anyOf', schema({ a: { anyOf: [region] } })],
    ['$defs', schema({}, { $defs: { a: region } })],
    ['additionalProperties', schema({}, { additionalProperties: schema({ a: region }) })],
  ])('finds a tool invalid for %s', (_, wrong) => {
    expect(paramHeadersOf(wrong)).toBeUndefined();
  });
});

it('paramHeaders reads what is there, as texts', () => {
  const declared = ['text', 'whole', 'flag', 'deep', 'absent', 'nothing', 'object', 'huge', 'part'].map(
    (name) => ({
      name,
      path: name === 'deep' ? ['a', 'b'] : [name],
    }),
  );
  const args = {
    text: 'é',
    whole: -7,
    flag: false,
    a: { b: 'x' },
    nothing: null,
    object: {},
    huge: 2 ** 60,
    part: 1.5,
  };
  expect(paramHeaders(declared, args)).toEqual([
    'mcp-param-text',
    '=?base64?w6k=?=',
    'mcp-param-whole',
    '-7',
    'mcp-param-flag',
    'false',
    'mcp-param-deep',
    'x',
  ]);
  expect(paramHeaders(declared, undefined)).toEqual([]);
});
