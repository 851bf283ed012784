import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberSources } from './json-source.js';

describe('memberSources', () => {
  it('gives values as they were written', () => {
    const text = ' { "a" : 9007199254740993 , "b":[1.0, "]}", {"c":"\\"\\\\"}],"d":"x\\\\","e":null\n}';
    expect([...memberSources(text)]).toEqual([
      ['a', '9007199254740993'],
      ['b', '[1.0, "]}", {"c":"\\"\\\\"}]'],
      ['d', '"x\\\\"'],
      ['e', 'null'],
    ]);
  });

  it('knows escaped names, empty objects and repeated members', () => {
    expect(memberSources('{"b\\u006fdy":1,"body":2}').get('body')).toBe('2');
    expect(memberSources('{ }').size).toBe(0);
    expect(memberSources('{"a":{},"b":[]}').get('b')).toBe('[]');
  });

  it('agrees with JSON.parse on every object, however it is indented', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(objects, fc.constantFrom(undefined, 1, '\t', '\r\n'), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        const read = [...memberSources(text)].map(([key, source]): [string, unknown] => [
          key,
          JSON.parse(source),
        ]);
        expect(new Map(read)).toEqual(new Map(Object.entries(JSON.parse(text) as object)));
      }),
    );
  });
});
