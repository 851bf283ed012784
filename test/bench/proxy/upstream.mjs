// A fake inference server that costs next to nothing, on as many ports as asked for: `node upstream.mjs COUNT`.
// POST anything: 1 KiB of JSON. GET /sse/CHUNKS/MILLISECONDS: events, each with the time at which it was sent.
// GET /bytes/N: so many bytes. POST /sink: takes a body of any length and tells how long it was.
import { createServer } from 'node:net';

const text = 'the quick brown fox '.repeat(40);
const completion = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  model: 'bench',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 40, completion_tokens: 100, total_tokens: 140 },
});
const json = (body) =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const COMPLETION = Buffer.from(json(completion));
const MODELS = Buffer.from(json('{"object":"list","data":[{"id":"bench","object":"model"}]}'));
const BLOCK = Buffer.alloc(65_536, 'x');
const CHUNK_TEXT = 'data: {"choices":[{"index":0,"delta":{"content":" token"}}],"at":"';

function stream(socket, chunks, everyMs) {
  let left = chunks;
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
  const next = () => {
    if (socket.destroyed) return;
    const event = `${CHUNK_TEXT}${process.hrtime.bigint()}"}\n\n`;
    left -= 1;
    socket.write(`${event.length.toString(16)}\r\n${event}\r\n${left === 0 ? '0\r\n\r\n' : ''}`);
    if (left > 0) setTimeout(next, everyMs);
  };
  next();
}

async function download(socket, size) {
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${size}\r\n\r\n`,
  );
  for (let sent = 0; sent < size && !socket.destroyed;) {
    const block = BLOCK.subarray(0, Math.min(BLOCK.length, size - sent));
    sent += block.length;
    if (!socket.write(block)) await new Promise((resolve) => socket.once('drain', resolve));
  }
}

function answer(socket, head, bodyBytes) {
  const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/'));
  const [, kind, first, second] = path.split('/');
  if (kind === 'sse') stream(socket, Number(first), Number(second));
  else if (kind === 'bytes') void download(socket, Number(first));
  else if (kind === 'sink') socket.write(json(`{"bytes":${bodyBytes}}`));
  else socket.write(head.startsWith('GET') ? MODELS : COMPLETION);
}

function serve(socket) {
  let head = '';
  let bodyLeft = 0;
  let bodyBytes = 0;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    if (bodyLeft === 0) {
      head += data.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      bodyBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      bodyLeft = bodyBytes - (head.length - end - 4);
    } else bodyLeft -= data.length;
    if (bodyLeft > 0) return;
    const asked = head;
    head = '';
    bodyLeft = 0;
    answer(socket, asked, bodyBytes);
  });
}

const ports = [];
for (let index = 0; index < Number(process.argv[2] ?? 1); index += 1) {
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
  ports.push(server.address().port);
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
