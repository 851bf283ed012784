import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ChainUnavailable } from './chain-errors.js';
import { ViemChainReader } from './viem-chain-reader.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);

describe('ViemChainReader', () => {
  it.each([
    ['an HTTP error', 500, '{"error":"KEY"}'],
    ['a refusal', 200, '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"KEY"}}'],
    ['no JSON', 200, 'KEY'],
    ['nothing', 200, ''],
  ])('tells the host and the kind of failure for %s, never the key of the URL', async (_, status, body) => {
    const host = await serve(answering(status, body));
    const reader = await ViemChainReader.open(`http://user:KEY@${host}/v3/KEY?KEY`);
    for (const question of [() => reader.head(), () => reader.chainId(), () => reader.receipt('0x12')]) {
      const failure: unknown = await question().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ChainUnavailable);
      expect(String(failure)).toContain(host);
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('KEY');
    }
  });

  it('does not follow a redirect, which would take the key elsewhere', async () => {
    let visits = 0;
    const elsewhere = await serve((_, response) => {
      visits += 1;
      response.end('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
    });
    const host = await serve(answering(307, '', { location: `http://${elsewhere}/` }));
    const reader = await ViemChainReader.open(`http://${host}`);
    await expect(reader.chainId()).rejects.toThrow(ChainUnavailable);
    expect(visits).toBe(0);
  });

  it('knows nothing of a receipt that is not there', async () => {
    const host = await serve(answering(200, '{"jsonrpc":"2.0","id":1,"result":null}'));
    const reader = await ViemChainReader.open(`http://${host}`);
    expect(await reader.receipt('0x12')).toBeUndefined();
    expect(await reader.block(1)).toBeUndefined();
    expect(await reader.finalized()).toBeUndefined();
  });
});
