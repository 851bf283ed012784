// A WebSocket client that is cheap enough to be had ten thousand times: it counts messages and keeps the last.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Sender } from 'ws';

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Where the payload lies in the first whole frame of the data; undefined while it is not whole. */
function firstFrame(data) {
  if (data.length < 2) return undefined;
  let from = 2;
  let length = data[1];
  if (length === 126) {
    if (data.length < 4) return undefined;
    length = data.readUInt16BE(2);
    from = 4;
  } else if (length === 127) {
    if (data.length < 10) return undefined;
    length = Number(data.readBigUInt64BE(2));
    from = 10;
  }
  return data.length < from + length ? undefined : { opcode: data[0] & 15, from, to: from + length };
}

export class SocketClient {
  count = 0;
  last = undefined;
  onMessage = undefined;
  rest = undefined;

  constructor(port) {
    this.socket = connect(port, '127.0.0.1').setNoDelay(true);
    this.socket.on('error', (error) => process.stderr.write(`client: ${error.message}\n`));
  }

  async open(path, headers = {}) {
    const lines = Object.entries({ host: 'bench', connection: 'Upgrade', upgrade: 'websocket', ...headers });
    const key = randomBytes(16).toString('base64');
    this.socket.write(
      `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}` +
        `sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
    );
    const [head] = await once(this.socket, 'data');
    if (!head.toString('latin1', 0, 12).endsWith('101')) throw new Error(head.toString());
    this.socket.on('data', (data) => this.receive(data));
    const after = head.indexOf(END_OF_HEAD) + 4;
    if (after < head.length) this.receive(head.subarray(after));
    return this;
  }

  send(frame) {
    const options = { fin: true, opcode: 1, mask: true, readOnly: false, rsv1: false };
    Sender.frame(Buffer.from(JSON.stringify(frame)), options).forEach((part) => this.socket.write(part));
  }

  receive(data) {
    let left = this.rest ? Buffer.concat([this.rest, data]) : data;
    for (let frame = firstFrame(left); frame; frame = firstFrame(left)) {
      if (frame.opcode === 1) this.message(left.subarray(frame.from, frame.to));
      left = left.subarray(frame.to);
    }
    this.rest = left.length > 0 ? left : undefined;
  }

  message(payload) {
    this.count += 1;
    this.last = payload;
    this.onMessage?.(payload);
  }
}
