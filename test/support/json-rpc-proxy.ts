import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RpcCall {
  id: number;
  method: string;
  params: unknown[];
}

/** What the relay answers in the place of the chain; undefined lets the call pass. */
export type RpcInterference = (call: RpcCall) => Promise<RpcReply | undefined> | RpcReply | undefined;
export type RpcReply = { result: unknown } | { error: { code: number; message: string } } | 'hang up';

/** A relay in front of a chain that can fail, lag and lie. */
export interface JsonRpcProxy {
  url: string;
  /** Calls since the start, by method. */
  calls: Map<string, number>;
  interfere(interference: RpcInterference | undefined): void;
  /** Asks the chain behind. */
  ask(call: Pick<RpcCall, 'method' | 'params'>): Promise<unknown>;
  close(): Promise<void>;
}

export async function startJsonRpcProxy(target: string): Promise<JsonRpcProxy> {
  const calls = new Map<string, number>();
  let interference: RpcInterference | undefined;
  const pass = async (body: string): Promise<string> => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(target, { method: 'POST', headers, body })).text();
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const call = JSON.parse(body) as RpcCall;
    calls.set(call.method, (calls.get(call.method) ?? 0) + 1);
    const reply = await interference?.(call);
    if (reply === 'hang up') return void request.socket.destroy();
    response.setHeader('content-type', 'application/json');
    response.end(reply ? JSON.stringify({ jsonrpc: '2.0', id: call.id, ...reply }) : await pass(body));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    interfere: (next) => (interference = next),
    ask: async (call) => {
      const reply = await pass(JSON.stringify({ jsonrpc: '2.0', id: 1, ...call }));
      return (JSON.parse(reply) as { result: unknown }).result;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
