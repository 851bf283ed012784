/** The lines of a text that arrives in pieces, which may cut lines and even characters apart. */
async function* lines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    const complete = (rest + decoder.decode(piece, { stream: true })).split(/\r?\n/);
    rest = complete.pop() ?? '';
    yield* complete;
  }
  if (rest) yield rest;
}

/** The data of each server-sent event until `[DONE]`; comments and other fields are passed over. */
export async function* serverSentData(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of lines(pieces)) {
    if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
    if (line !== '' || data.length === 0) continue;
    const event = data.join('\n');
    if (event === '[DONE]') return;
    yield event;
    data = [];
  }
}
