import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStream, LONGEST_EVENT_BYTES } from './event-stream.js';

interface Piece {
  text: string;
  /** Holds nothing but the usage. */
  isUsage: boolean;
}

const usageObject = fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat() });
const spaced = fc.constantFrom('', ' ');

/** Contents are hostile: they look like events, like usage, like anything. */
const content = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '"choices":[],"usage":{"a":1}',
    '\n\ndata: {"choices":[],"usage":{}}\n\n',
    '[DONE]',
    '日本語 🎉',
  ),
);

const ordinary = fc.oneof(
  content.map((text) => `{"choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}}}]}`),
  content.map((text) => `{"choices":[{"delta":{"content":${JSON.stringify(text)}}}],"usage":null}`),
  fc.constant('{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}'),
  fc.constant('{"choices":[],"prompt_filter_results":[{"x":{"usage":1}}]}'),
  fc.constant('{"choices":[],"usage":null}'),
  fc.constant('{"usage":{"prompt_tokens":1}}'),
  fc.constant('{"deep":{"choices":[],"usage":{"a":1}},"choices":[1]}'),
  fc.constant('[DONE]'),
  fc.constant('not json "usage":{'),
);

const usageOnly = fc
  .tuple(usageObject, content, spaced, spaced)
  .map(([usage, id, a, b]) =>
    a === ''
      ? `{"id":${JSON.stringify(id)},"choices":[${b}],"usage":${JSON.stringify(usage)},"timings":{"n":[1]}}`
      : `{"usage"${b}:${a}${JSON.stringify(usage)}, "choices" :${a}[${b}]}`,
  );

function eventsWith(newline: string, strays: readonly string[]): fc.Arbitrary<Piece[]> {
  const line = (data: string): string => `data: ${data}${newline}`;
  const event = fc.oneof(
    ordinary.map((data) => ({ text: line(data) + newline, isUsage: false })),
    ordinary.map((data) => ({
      text: `id: 7${newline}event: x${newline}${line(data)}${newline}`,
      isUsage: false,
    })),
    usageOnly.map((data) => ({ text: line(data) + newline, isUsage: true })),
    fc.constantFrom(`: keep-alive${newline}${newline}`, ...strays).map((text) => ({ text, isUsage: false })),
  );
  return fc.array(event, { maxLength: 12 });
}

const newlines = fc.constantFrom('\n', '\r\n');
const tidyStream = newlines.chain((newline) => eventsWith(newline, []));
/** With blank lines that end no event. */
const stream = newlines.chain((newline) => eventsWith(newline, [newline]));

function cutInto(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => (bytes.length === 0 ? 0 : cut % bytes.length)))].sort(
    (a, b) => a - b,
  );
  return [0, ...at]
    .map((from, index, all) => bytes.subarray(from, all[index + 1] ?? bytes.length))
    .filter((chunk) => chunk.length > 0);
}

const textOf = (parts: (Buffer | undefined)[]): string =>
  Buffer.concat(parts.filter((part) => part !== undefined)).toString('latin1');
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
const cuts = fc.array(fc.nat(), { maxLength: 40 });

describe('EventStream', () => {
  it('takes out the chunks with nothing but the usage, wherever the stream is cut, and no other byte', () => {
    fc.assert(
      fc.property(stream, cuts, (pieces, at) => {
        const events = new EventStream(true);
        const out = cutInto(Buffer.from(pieces.map(({ text }) => text).join('')), at).map((chunk) =>
          events.push(chunk),
        );
        const expected = pieces.filter(({ isUsage }) => !isUsage).map(({ text }) => text);
        expect(textOf([...out, events.flush()])).toBe(latin1(expected.join('')));
      }),
      { numRuns: 500 },
    );
  });

  it('changes no byte when the caller asked for the usage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), stream, cuts, (noise, pieces, at) => {
        const bytes = Buffer.concat([Buffer.from(pieces.map(({ text }) => text).join('')), noise]);
        const events = new EventStream(false);
        const out = cutInto(bytes, at).map((chunk) => events.push(chunk));
        expect(textOf([...out, events.flush()])).toBe(bytes.toString('latin1'));
      }),
      { numRuns: 300 },
    );
  });

  it('lets every event go on with the byte that completes it', () => {
    fc.assert(
      fc.property(tidyStream, fc.boolean(), (pieces, dropsUsage) => {
        const events = new EventStream(dropsUsage);
        for (const { text, isUsage } of pieces) {
          const bytes = Buffer.from(text);
          const before = events.push(bytes.subarray(0, -1));
          const last = events.push(bytes.subarray(-1));
          expect(textOf([before, last])).toBe(isUsage && dropsUsage ? '' : latin1(text));
          expect(events.isBetweenEvents).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('counts events, so that a stream that breaks off can be billed for what it had', () => {
    const events = new EventStream(true);
    events.push(Buffer.from('data: 1\n\ndata: 2\n\ndata: 3'));
    events.push(Buffer.from('\n\n'));
    expect(events.eventCount).toBe(3);
  });

  it('does not hold an endless event, nor cut the blank line that ends it', () => {
    const events = new EventStream(true);
    const long = Buffer.alloc(LONGEST_EVENT_BYTES, 'x');
    expect(events.push(Buffer.concat([Buffer.from('data: '), long, Buffer.from('\r\n')]))?.length).toBe(
      LONGEST_EVENT_BYTES + 6,
    );
    expect(events.isBetweenEvents).toBe(false);
    expect(textOf([events.push(Buffer.from('y'))])).toBe('\r\ny');
    expect(events.push(Buffer.from('\n'))).toBeUndefined();
    const rest = 'data: {"choices":[],"usage":{}}\n\ndata: z\n\n';
    expect(textOf([events.push(Buffer.from(`\n${rest}`))])).toBe('\n\ndata: z\n\n');
    expect(events.isBetweenEvents).toBe(true);
  });

  it('lets out an unfinished event at the end, but for the usage', () => {
    const events = new EventStream(true);
    expect(events.push(Buffer.from('data: [DONE]'))).toBeUndefined();
    expect(textOf([events.flush()])).toBe('data: [DONE]');
    events.push(Buffer.from('data: {"choices":[],"usage":{"a":1}}'));
    expect(events.flush()).toBeUndefined();
  });
});
