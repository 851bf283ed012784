import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverSentData } from './sse.js';

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) yield bytes.subarray(at, (at += size));
  yield bytes.subarray(at);
}

async function read(text: string, sizes: readonly number[] = []): Promise<string[]> {
  const events: string[] = [];
  for await (const data of serverSentData(cut(Buffer.from(text), sizes))) events.push(data);
  return events;
}

describe('serverSentData', () => {
  it('reads data, joins its lines, and passes comments and other fields over', async () => {
    expect(await read(': ping\n\nevent: a\ndata: one\n\ndata:two\r\ndata: three\r\n\r\nid: 1\n\n')).toEqual([
      'one',
      'two\nthree',
    ]);
  });

  it('ends at [DONE]', async () => {
    expect(await read('data: a\n\ndata: [DONE]\n\ndata: b\n\n')).toEqual(['a']);
  });

  it('drops an event that is not finished', async () => {
    expect(await read('data: a\n\ndata: half')).toEqual(['a']);
  });

  it('reads the same however the bytes are cut', async () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => JSON.stringify(text)));
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.array(fc.nat({ max: 7 })),
        fc.constantFrom('\n', '\r\n'),
        async (data, sizes, end) => {
          const stream = data.map((text) => `data: ${text}${end}${end}`).join('');
          expect(await read(stream, sizes)).toEqual(data);
        },
      ),
    );
  });
});
