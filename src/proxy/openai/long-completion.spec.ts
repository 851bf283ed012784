import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applySplices, readCompletionRequest, renameModel } from './completion-request.js';
import { LongCompletion, modelAtStart, type LongCompletionOptions } from './long-completion.js';

const DEFAULTS: LongCompletionOptions = { model: undefined, asksUsage: true };

interface Passed {
  text: string;
  dropsUsage: boolean;
}

function passThrough(source: Buffer, cuts: readonly number[], options = DEFAULTS): Passed {
  const edit = new LongCompletion(options);
  const ends = [...new Set(cuts.map((cut) => cut % (source.length + 1)))].sort((a, b) => a - b);
  const parts: Buffer[] = [];
  let from = 0;
  for (const end of [...ends, source.length]) {
    parts.push(edit.push(source.subarray(from, end)));
    from = end;
  }
  edit.finish();
  return { text: Buffer.concat(parts).toString(), dropsUsage: edit.dropsUsage };
}

const passWhole = (text: string, options = DEFAULTS): Passed => passThrough(Buffer.from(text), [], options);

const json = fc.jsonValue({ maxDepth: 3 });
const body = fc
  .record(
    {
      messages: json,
      model: fc.string({ minLength: 1, maxLength: 20 }),
      stream: fc.constantFrom<unknown>(true, false, null, 1),
      stream_options: fc.constantFrom<unknown>(
        null,
        {},
        { include_usage: true },
        { include_usage: false, x: [1] },
        'no',
      ),
      'a "name"\\': json,
    },
    { requiredKeys: ['model'] },
  )
  .chain((members) =>
    fc.shuffledSubarray(Object.entries(members), { minLength: Object.keys(members).length }),
  );
const spaces = fc.constantFrom('', ' ', '\n\t');

function write(entries: readonly (readonly [string, unknown])[], space: string): Buffer {
  const members = entries.map(
    ([name, value]) => `${space}${JSON.stringify(name)}${space}:${space}${JSON.stringify(value)}${space}`,
  );
  return Buffer.from(`${space}{${members.join(',')}}${space}`);
}

describe('a long body that passes', () => {
  it('gets the edits of one that is held, however it is cut', () => {
    fc.assert(
      fc.property(body, spaces, fc.array(fc.nat(), { maxLength: 12 }), (entries, space, cuts) => {
        const source = write(entries, space);
        const asked = readCompletionRequest(source);
        const names = entries.map(([name]) => name);
        const [stream, streamOptions] = [names.indexOf('stream'), names.indexOf('stream_options')];
        const isTooLate = streamOptions >= 0 && streamOptions < stream;
        const question = isTooLate ? undefined : asked?.usageQuestion;
        const held = applySplices(source, question ? [question] : []).toString();
        const passed = passThrough(source, cuts);
        expect(JSON.parse(passed.text)).toEqual(JSON.parse(held));
        expect(passed.dropsUsage).toBe(question !== undefined);
      }),
    );
  });

  it('is otherwise the same, byte for byte', () => {
    fc.assert(
      fc.property(body, spaces, fc.array(fc.nat(), { maxLength: 12 }), (entries, space, cuts) => {
        const source = write(entries, space);
        expect(passThrough(source, cuts, { model: undefined, asksUsage: false }).text).toBe(
          source.toString(),
        );
        const span = readCompletionRequest(source)?.model?.span;
        const renamed = span && applySplices(source, [renameModel(span, 'other')]).toString();
        expect(passThrough(source, cuts, { model: 'other', asksUsage: false }).text).toBe(renamed);
      }),
    );
  });

  it('tells its model as soon as it is there', () => {
    const source = Buffer.from('{"x": [{"model": "inner"}], "model": "org\\/m", "messages": "…');
    const end = source.indexOf('"messages"');
    for (let length = 0; length < end; length += 1) {
      const found = modelAtStart(source.subarray(0, length));
      expect([undefined, 'org/m']).toContain(found);
    }
    expect(modelAtStart(source)).toBe('org/m');
    expect(modelAtStart(Buffer.from('[1, 2'))).toBeUndefined();
    expect(modelAtStart(Buffer.from('{"model": null, "messages": "'))).toBeUndefined();
    expect(() => modelAtStart(Buffer.from('{"model": 3, "messages": "'))).toThrow('model');
  });

  it.each([
    ['a member that is there twice', '{"model":"a","x":1,"model":"b"}', 'malformed_json'],
    ['the same member, written otherwise', '{"model":"a","mod\\u0065l":"b"}', 'malformed_json'],
    ['no object', '[1]', 'malformed_json'],
    ['an object without end', '{"model":"a","x":"', 'malformed_json'],
    ['no comma', '{"model":"a" "x":1}', 'malformed_json'],
    ['an endless name of a model', `{"model":"${'x'.repeat(9000)}"}`, 'invalid_model'],
  ])('with %s is refused', (_, source, code) => {
    expect(() => passWhole(source)).toThrow(expect.objectContaining({ code }));
  });
});
