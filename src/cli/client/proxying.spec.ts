import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerEverything } from '../../../test/support/api-answers.js';
import { json, startApiDouble, type ApiDouble } from '../../../test/support/api-double.js';
import { runClient, type ClientRun, type ClientSurroundings } from '../../../test/support/run-client.js';

describe('proxy', () => {
  let double: ApiDouble;
  beforeEach(async () => {
    double = await startApiDouble();
    answerEverything(double);
  });
  afterEach(() => double.close());

  const runIn = (surroundings: ClientSurroundings, ...argv: string[]): Promise<ClientRun> =>
    runClient(['-api', double.url, '-key', 'k', 'proxy', ...argv], surroundings);
  const run = (...argv: string[]): Promise<ClientRun> => runIn({}, ...argv);
  const sent = (): Record<string, unknown> => JSON.parse(double.received[0].body) as Record<string, unknown>;

  it('prints the upstream body alone on standard output and how it went on standard error', async () => {
    const { stdout, stderr } = await run('https', 'https://api.example.com');
    expect(JSON.parse(stdout)).toEqual({ hello: 'world' });
    expect(stderr).toBe('status 200, 31 ms\n');
  });

  it('sends method, headers and time limit', async () => {
    await run(
      'https',
      'https://a.example',
      '-X',
      'PATCH',
      '-H',
      'Accept: text/plain',
      '-H',
      'X-A:b:c',
      '-timelimit',
      '30s',
    );
    expect(sent()).toEqual({
      protocol: 'https',
      target_url: 'https://a.example',
      method: 'PATCH',
      headers: { Accept: 'text/plain', 'X-A': 'b:c' },
    });
    expect(double.received[0].headers['x-timelimit']).toBe('30s');
  });

  it('passes a JSON body on as it was written', async () => {
    await run('https', 'https://a.example', '-d', ' {"n": 9007199254740993, "x": 1.0} ');
    expect(double.received[0].body).toBe(
      '{"protocol":"https","target_url":"https://a.example","body":{"n": 9007199254740993, "x": 1.0}}',
    );
  });

  it('sends other text as a string', async () => {
    await run('https', 'https://a.example', '-d', 'hello "you"');
    expect(sent().body).toBe('hello "you"');
  });

  it('reads a body from a file or from standard input', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gpuproxy-client-'));
    try {
      await writeFile(join(folder, 'body.json'), '{"a":1}');
      await run('https', 'https://a.example', '-d', `@${join(folder, 'body.json')}`);
      await runIn({ stdin: '{"b":2}' }, 'https', 'https://a.example', '-d', '@-');
      expect(double.received.map(({ body }) => (JSON.parse(body) as { body: unknown }).body)).toEqual([
        { a: 1 },
        { b: 2 },
      ]);
      const missing = await run('https', 'https://a.example', '-d', `@${join(folder, 'none')}`);
      expect(missing.status).toBe(2);
      expect(missing.stderr).toContain('cannot read');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('addresses a pool or an instance by path', async () => {
    await run('http', '/v1/models', '-pool', 'llama');
    await run('mcp', '-instance', 'vast-777');
    expect(double.received.map(({ body }) => JSON.parse(body))).toEqual([
      { protocol: 'http', pool: 'llama', path: '/v1/models' },
      { protocol: 'mcp', instance_id: 'vast-777' },
    ]);
  });

  it.each([
    [['ftp', 'ftp://a'], 'PROTOCOL is one of http, https, mcp, openinference, not "ftp"'],
    [['http'], 'proxy needs a URL, or -pool or -instance'],
    [['http', '-pool', 'a', '-instance', 'b'], 'give -pool or -instance, not both'],
    [['http', 'http://a', '-pool', 'a'], 'give a path such as /v1/models'],
    [['http', 'http://a', '-H', 'nocolon'], '-H is written NAME:value'],
  ])('refuses %j before anything is sent', async (argv, message) => {
    const { status, stderr } = await run(...argv);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(double.received).toEqual([]);
  });

  it('shows text bodies as text and decodes base64', async () => {
    const envelope = { status_code: 502, headers: {}, duration_ms: 5, attempts: 2, instance_id: 'vast-1' };
    double.answer('POST /api/v1/gpu/proxy', json({ ...envelope, body: 'plain' }));
    const text = await run('http', 'http://a');
    expect(text.stdout).toBe('plain\n');
    expect(text.stderr).toBe('status 502, 5 ms, vast-1, 2 attempts\n');
    expect(text.status).toBe(0);
    double.answer('POST /api/v1/gpu/proxy', json({ ...envelope, body: 'aGk=', body_encoding: 'base64' }));
    expect((await run('http', 'http://a')).stdout).toBe('hi');
  });

  it('-json prints the envelope byte for byte', async () => {
    const envelope = '{"status_code":200, "body":{"n":9007199254740993}}';
    double.answer('POST /api/v1/gpu/proxy', json(envelope));
    expect((await run('http', 'http://a', '-json')).stdout).toBe(`${envelope}\n`);
  });

  it('-stream passes the bytes on, and with -json one value a line', async () => {
    const events = ': hello\n\ndata: {"t":1.0}\n\nevent: x\ndata: plain words\n\ndata: [DONE]\n\n';
    double.answer('POST /api/v1/gpu/proxy', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(events);
    });
    expect((await run('http', 'http://a', '-stream')).stdout).toBe(events);
    expect(sent().stream).toBe(true);
    expect((await run('http', 'http://a', '-stream', '-json')).stdout).toBe('{"t":1.0}\n"plain words"\n');
  });
});
