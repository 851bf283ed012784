import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const CLOSE_FRAME = 0x88;

/** A peer that has shaken hands and from then on does only what the test does, byte by byte. */
export class RawPeer {
  private received = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    socket.on('data', (data) => (this.received = Buffer.concat([this.received, data])));
    socket.on('error', () => undefined);
  }

  static async open(url: string, headers: Record<string, string>): Promise<RawPeer> {
    const { port } = new URL(url);
    const peer = new RawPeer(connect(Number(port), '127.0.0.1'));
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    peer.socket.write(
      `GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines.join('')}` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await peer.until('authenticated');
    peer.received = Buffer.alloc(0);
    return peer;
  }

  /** The code of the close frame that the server sends. */
  async closeCode(): Promise<number> {
    while (this.received[0] !== CLOSE_FRAME || this.received.length < 4) await once(this.socket, 'data');
    return this.received.readUInt16BE(2);
  }

  private async until(text: string): Promise<void> {
    while (!this.received.includes(text)) await once(this.socket, 'data');
  }
}
