// An inference server that costs next to nothing: whatever is posted, it streams as many tokens as `max_tokens` says,
// one every `every_ms`.
import { createServer } from 'node:http';

const chunkOf = (delta, rest = {}) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-0123456789abcdef',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'bench',
    choices: [{ index: 0, delta, finish_reason: null }],
    ...rest,
  })}\n\n`;
const TOKEN = chunkOf({ content: ' token' });
const USAGE = { usage: { prompt_tokens: 10, completion_tokens: 100 }, choices: [] };

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
  if (request.method === 'GET') return response.end('{"data":[{"id":"bench"}]}');
  const { max_tokens: count, every_ms: everyMs } = await bodyOf(request);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let left = count;
  const next = () => {
    if (response.destroyed) return;
    response.write(TOKEN);
    left -= 1;
    if (left > 0) setTimeout(next, everyMs);
    else response.end(`${chunkOf({}, USAGE)}data: [DONE]\n\n`);
  };
  next();
});
server.listen(0, '127.0.0.1', 4096, () => process.send({ port: server.address().port }));
