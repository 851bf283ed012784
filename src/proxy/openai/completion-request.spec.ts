import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applySplices,
  readCompletionRequest,
  renameModel,
  type CompletionRequest,
} from './completion-request.js';
import { findMembers } from './json-members.js';

const json = fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' });
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

/** An object as people write it: any white space, any spelling of names. */
function written(members: [string, unknown][], spaces: readonly string[]): string {
  let next = 0;
  const gap = (): string => spaces[next++ % Math.max(1, spaces.length)] ?? '';
  const texts = members.map(
    ([name, value]) =>
      `${gap()}${JSON.stringify(name)}${gap()}:${gap()}${JSON.stringify(value, null, gap().length)}${gap()}`,
  );
  return `${gap()}{${texts.length > 0 ? texts.join(',') : gap()}}${gap()}`;
}

const read = (body: string | Buffer): CompletionRequest | undefined =>
  readCompletionRequest(Buffer.from(body));

function asked(body: string): unknown {
  const question = read(body)?.usageQuestion;
  return question && JSON.parse(applySplices(Buffer.from(body), [question]).toString());
}

describe('findMembers', () => {
  it('finds the source of the wanted members, whatever stands around them', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.constantFrom('model', 'stream', 'x"y', 'mod\\el'), fc.string()), json),
        fc.array(space),
        (object, spaces) => {
          const source = Buffer.from(written(Object.entries(object), spaces));
          const wanted = ['model', 'stream', '', 'x"y'];
          const found = findMembers(source, wanted);
          expect(found?.duplicate).toBeUndefined();
          const values = [...(found?.spans ?? [])].map(([name, { start, end }]) => [
            name,
            JSON.parse(source.toString('utf8', start, end)),
          ]);
          const expected = Object.entries(object).filter(([name]) => wanted.includes(name));
          expect(Object.fromEntries(values)).toEqual(
            JSON.parse(JSON.stringify(Object.fromEntries(expected))),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('jumps over long texts with quotes and backslashes in them', () => {
    const prompt = '"\\'.repeat(5000) + 'x'.repeat(100_000) + '\\';
    for (let shift = 0; shift < 8; shift += 1) {
      const body = JSON.stringify({ prompt: 'y'.repeat(60 + shift) + prompt, model: 'm' });
      expect(read(body)?.model?.text).toBe('m');
    }
  });

  it('reads names with escapes as their reader will', () => {
    expect(read('{"mod\\u0065l":"m"}')?.model?.text).toBe('m');
  });

  it.each([
    '',
    '[]',
    '"model"',
    '{',
    '{"model"',
    '{"model":',
    '{"model":"m"',
    '{"model":"m",',
    '{"a":[1}',
    'x',
    '{a:1}',
    '{"a" 1}',
    '{"a":1 "b":2}',
  ])('knows that %j is no object', (source) => {
    expect(findMembers(Buffer.from(source), ['model'])).toBeUndefined();
  });

  it('never reads beyond its source', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const found = findMembers(Buffer.from(bytes), ['model']);
        for (const { end } of found?.spans.values() ?? []) expect(end).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

describe('readCompletionRequest', () => {
  it('reads the model and whether a stream is asked for', () => {
    expect(read('{"messages":[{"model":"no","stream":true}],"model":"a\\/b"}')).toMatchObject({
      model: { text: 'a/b' },
      isStream: false,
      usageQuestion: undefined,
    });
    expect(read('{"stream": true , "model":null}')).toMatchObject({ model: undefined, isStream: true });
    expect(read('{"stream":"true"}')).toMatchObject({ isStream: false });
  });

  it.each(['{"model":7}', '{"model":""}', '{"model":["a"]}', `{"model":"${'x'.repeat(513)}"}`])(
    'refuses %s as a model',
    (body) => {
      expect(() => read(body)).toThrow(expect.objectContaining({ code: 'invalid_model', status: 400 }));
    },
  );

  it.each([
    '{"model":"a","model":"b"}',
    '{"model":"a","mod\\u0065l":"b"}',
    '{"stream":true,"stream":false}',
    '{"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}',
  ])('refuses %s, which two readers could understand differently', (body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'malformed_json', status: 400 }));
  });

  it.each([
    ['{"stream":true}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    ['{"stream_options":null,"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream_options": { } ,"stream":true}', '{"stream_options": {"include_usage":true } ,"stream":true}'],
    [
      '{"stream":true,"stream_options":{"x":1}}',
      '{"stream":true,"stream_options":{"include_usage":true,"x":1}}',
    ],
    [
      '{"stream":true,"stream_options":{"include_usage": false,"x":1.0}}',
      '{"stream":true,"stream_options":{"include_usage": true,"x":1.0}}',
    ],
    [
      '{"stream":true,"stream_options":{"include_usage":null}}',
      '{"stream":true,"stream_options":{"include_usage":true}}',
    ],
  ])('asks for the usage of %s', (body, expected) => {
    const question = read(body)?.usageQuestion;
    expect(question && applySplices(Buffer.from(body), [question]).toString()).toBe(expected);
  });

  it.each([
    '{}',
    '{"stream":false}',
    '{"stream":true,"stream_options":{"include_usage":true}}',
    '{"stream":true,"stream_options":"no"}',
    '{"stream":true,"stream_options":{"include_usage":"yes"}}',
    '{"stream":false,"stream_options":{"include_usage":false}}',
  ])('asks nothing of %s', (body) => {
    expect(read(body)?.usageQuestion).toBeUndefined();
  });

  it('changes nothing but what it asks for', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), json),
        fc.option(fc.oneof(fc.constant(null), fc.dictionary(fc.string(), json)), { nil: undefined }),
        fc.array(space),
        (others, options, spaces) => {
          const object = {
            ...others,
            stream: true,
            ...(options === undefined ? {} : { stream_options: options }),
          };
          const question = asked(written(Object.entries(object), spaces));
          expect(question).toEqual(
            JSON.parse(JSON.stringify({ ...object, stream_options: { ...options, include_usage: true } })),
          );
        },
      ),
    );
  });
});

describe('applySplices', () => {
  it('applies several, in the order of the body', () => {
    const body = Buffer.from('{"stream":true,"model":"pool/m","n":9007199254740993}');
    const { model, usageQuestion } = read(body) ?? {};
    const splices = [model && renameModel(model.span, 'm'), usageQuestion].filter(
      (splice) => splice !== undefined,
    );
    expect(applySplices(body, splices).toString()).toBe(
      '{"stream":true,"stream_options":{"include_usage":true},"model":"m","n":9007199254740993}',
    );
    expect(applySplices(body, [])).toBe(body);
  });
});
