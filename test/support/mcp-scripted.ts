import type { RawReply } from './raw-upstream.js';

interface Incoming {
  id?: unknown;
  method?: string;
}

type Socket = Parameters<RawReply>[0];

/**
 * A legacy server whose handshake works, with session `s-1`, and whose answers to everything else are written here:
 * messages of a stream, or its bytes. The stream ends with them when it is `closing`.
 */
export function scripted(
  answer: (message: Incoming, socket: Socket) => (object | string)[],
  isClosing = false,
  isRefusing = false,
): RawReply {
  return (socket, received) => {
    const text = received.slice(received.lastIndexOf('\r\n\r\n') + 4);
    if (!text.endsWith('}')) return;
    const message = JSON.parse(text.slice(text.indexOf('{'))) as Incoming;
    const json = (body: object, more = ''): string => {
      const bytes = JSON.stringify(body);
      const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}`;
      return `${head}\r\n${more}\r\n${bytes}`;
    };
    const { id, method } = message;
    if (method === 'server/discover') {
      return void socket.write(json({ jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } }));
    }
    if (method === 'initialize' && !isRefusing) {
      const result = {
        protocolVersion: '2025-11-25',
        capabilities: {},
        serverInfo: { name: 'x', version: '1' },
      };
      return void socket.write(json({ jsonrpc: '2.0', id, result }, 'Mcp-Session-Id: s-1\r\n'));
    }
    if (method === 'initialize') return void socket.write(json(answer(message, socket)[0] as object));
    if (id === undefined || method === undefined || method.startsWith('notifications/')) {
      return void socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
    }
    const parts = answer(message, socket);
    if (parts.length === 0) return;
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n');
    for (const part of parts) {
      const isBytes = typeof part === 'string' && !part.startsWith('{');
      const data = typeof part === 'string' ? part : JSON.stringify(part);
      socket.write(isBytes ? data : `data: ${data}\n\n`);
    }
    if (isClosing) socket.end();
  };
}
