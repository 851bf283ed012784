import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireBuild } from '../support/built-programs.js';
import { ClientStream, startMachineDaemon, type MachineDaemon } from '../support/machine-daemon.js';
import { completion, startOpenAiUpstream, type OpenAiUpstream } from '../support/openai-upstream.js';
import { eventually } from '../support/running-daemon.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

const SLOW_READERS = 300;
const SILENT_SOCKETS = 500;
const CHUNK = Buffer.alloc(64 * 1024, 'x');
/** Far less than what the machine would send. */
const MOST_GROWTH_BYTES = 200 * 1024 * 1024;

describe('a server that is short of', () => {
  let folder: TempFolder;
  let upstream: OpenAiUpstream;
  let running: MachineDaemon;
  let sockets: Socket[];

  beforeEach(async () => {
    requireBuild();
    folder = await createTempFolder('scarce');
    upstream = await startOpenAiUpstream(completion);
    sockets = [];
  });
  afterEach(async () => {
    sockets.forEach((socket) => socket.destroy());
    running.daemon.child.kill('SIGKILL');
    await upstream.close();
    await folder.remove();
  });

  const open = (): Socket => {
    const socket = connect(Number(new URL(running.daemon.url).port), '127.0.0.1');
    socket.on('error', () => socket.destroy());
    sockets.push(socket);
    return socket;
  };
  const completes = async (): Promise<number> => {
    const stream = await ClientStream.open(running.caller);
    await stream.ended;
    return stream.status;
  };
  const residentBytes = async (): Promise<number> => {
    const status = await readFile(`/proc/${running.daemon.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  };

  it('memory does not buffer what slow readers leave', async () => {
    upstream.reply = ({ path }, response) => {
      if (path !== '/v1/chat/completions') return void response.writeHead(200).end('{}');
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      const pour = (): void => {
        while (!response.destroyed && response.write(CHUNK));
        if (!response.destroyed) response.once('drain', pour);
      };
      pour();
    };
    running = await startMachineDaemon(folder.path, upstream, { NODE_OPTIONS: '--max-old-space-size=128' });
    const before = await residentBytes();
    const body = '{"model":"m","messages":[]}';
    const head = [
      'POST /api/v1/gpu/pools/default/proxy/v1/chat/completions HTTP/1.1',
      'Host: x',
      `X-API-Key: ${running.caller.key}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ].join('\r\n');
    for (let count = 0; count < SLOW_READERS; count += 1) open().pause().write(`${head}\r\n\r\n${body}`);
    await eventually(async () => upstream.received.length >= SLOW_READERS);
    expect((await fetch(`${running.daemon.url}/health/ready`)).status).toBe(200);
    expect((await residentBytes()) - before).toBeLessThan(MOST_GROWTH_BYTES);
    expect(running.daemon.child.exitCode).toBeNull();
  });

  it('patience: those who never finish their request keep nobody else out', async () => {
    running = await startMachineDaemon(folder.path, upstream);
    for (let count = 0; count < SILENT_SOCKETS; count += 1)
      open().write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-');
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const statuses = await Promise.all(Array.from({ length: 50 }, completes));
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
