import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerEverything } from '../../../test/support/api-answers.js';
import { json, startApiDouble, type ApiDouble } from '../../../test/support/api-double.js';
import { runClient, type ClientRun } from '../../../test/support/run-client.js';

const KEY = 'my-very-secret-key';

describe('-dv and -dm', () => {
  let double: ApiDouble;
  beforeEach(async () => {
    double = await startApiDouble();
    answerEverything(double);
  });
  afterEach(() => double.close());

  const run = (...argv: string[]): Promise<ClientRun> =>
    runClient(['-api', double.url, '-key', KEY, ...argv]);

  it('tell nothing unless asked', async () => {
    expect((await run('credits')).stderr).toBe('');
  });

  it('-dv tells method, address, status, duration and request id on standard error', async () => {
    const plain = await run('list', 'vast.ai');
    const { stdout, stderr } = await run('-dv', 'list', 'vast.ai');
    expect(stdout).toBe(plain.stdout);
    const [request, answer, ...rest] = stderr.split('\n');
    expect(request).toBe(`> GET ${double.url}/api/v1/gpu/instances?provider=vast.ai`);
    expect(answer).toMatch(/^< 200 OK, \d+ ms, request id request-1$/);
    expect(rest).toEqual(['']);
  });

  it('-dm tells headers and bodies too', async () => {
    const { stderr } = await run('-dm', 'lb-strategy', 'least_connections');
    expect(stderr).toContain('>   content-type: application/json\n');
    expect(stderr).toContain('>   {"strategy":"least_connections"}\n');
    expect(stderr).toContain('<   x-request-id: request-1\n');
    expect(stderr).toContain('<   {"strategy":"least_connections","message":"Strategy updated"}\n');
  });

  it('never tell the key', async () => {
    double.answer(
      'GET /api/v1/credits',
      json({ code: 'x', detail: `echo of ${KEY}` }, 400, { 'x-echo': KEY }),
    );
    const { stderr } = await run('-dv', '-dm', 'credits');
    expect(stderr).toContain('>   x-api-key: [redacted]');
    expect(stderr).toContain('<   x-echo: [redacted]');
    expect(
      stderr
        .split('\n')
        .filter((line) => /^[<>]/.test(line))
        .join('\n'),
    ).not.toContain(KEY);
  });

  it('hide passwords, tokens and new keys', async () => {
    const open = (...argv: string[]): Promise<ClientRun> => runClient(['-api', double.url, '-dm', ...argv]);
    const login = (await open('login', 'user@example.com', 'secure-password')).stderr;
    expect(login).toContain('"email":"user@example.com","password":"[redacted]"');
    expect(login).not.toMatch(/secure-password|eyJ|refresh-0123456789/);
    const created = (await open('-token', 'jwt-123456', 'create-key', 'n')).stderr;
    expect(created).toContain('>   authorization: [redacted]');
    expect(created).not.toMatch(/gpx_live_abcdef|jwt-123456/);
  });

  it('hide the secrets of an upstream and of a container', async () => {
    const proxied = await run(
      '-dm',
      'proxy',
      'https',
      'https://me:pass@a.example/x',
      '-H',
      'Authorization: Bearer upstream-1',
    );
    expect(proxied.stderr).toContain('https://[redacted]@a.example/x');
    expect(proxied.stderr).not.toContain('upstream-1');
    const created = await run(
      '-dm',
      'create',
      'vast.ai',
      '12345',
      '-env',
      'HF_TOKEN=hf_1',
      '-env',
      'MAX_TOKENS=5',
    );
    expect(created.stderr).toContain('"env":{"HF_TOKEN":"[redacted]","MAX_TOKENS":"5"}');
  });

  it('shorten long bodies', async () => {
    double.answer('GET /api/v1/credits', json({ text: 'x'.repeat(10_000) }));
    const { stderr } = await run('-dm', '-json', 'credits');
    expect(stderr).toMatch(/x… \(10011 characters\)\n$/);
  });
});
