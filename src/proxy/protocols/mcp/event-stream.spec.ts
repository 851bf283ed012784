import { expect, it } from 'vitest';
import { readEvents, type StreamProgress } from './event-stream.js';

async function read(
  chunks: readonly (string | Buffer)[],
): Promise<{ data: string[]; progress: StreamProgress }> {
  const progress: StreamProgress = { lastEventId: undefined, retryMs: undefined };
  async function* body(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const data: string[] = [];
  for await (const event of readEvents(body(), progress)) data.push(event);
  return { data, progress };
}

it('puts events together from whatever pieces they come in', async () => {
  const text =
    ': hello\r\nretry: 20\r\nid: 1\r\ndata:\r\n\r\nevent: message\nid: 2\ndata: {"a":\ndata: "é"}\n\ndata: 2\n\n';
  const bytes = [...Buffer.from(text)].map((byte) => Buffer.of(byte));
  const expected = { data: ['{"a":\n"é"}', '2'], progress: { lastEventId: '2', retryMs: 20 } };
  expect(await read(bytes)).toEqual(expected);
  expect(await read([text])).toEqual(expected);
});

it('forgets an event that does not end, and refuses bytes that are no text', async () => {
  expect((await read(['data: 1\n\ndata: 2'])).data).toEqual(['1']);
  await expect(read([Buffer.from([0x64, 0xff])])).rejects.toMatchObject({ code: 'upstream_protocol_error' });
});
