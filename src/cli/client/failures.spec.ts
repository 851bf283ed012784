import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, startApiDouble, type ApiDouble } from '../../../test/support/api-double.js';
import { runClient, type ClientRun } from '../../../test/support/run-client.js';

const CREDITS = 'GET /api/v1/credits';

describe('failures', () => {
  let double: ApiDouble;
  beforeEach(async () => {
    double = await startApiDouble();
  });
  afterEach(() => double.close());

  const run = (...argv: string[]): Promise<ClientRun> =>
    runClient(['-api', double.url, '-key', 'k', ...argv]);

  describe('refused by the server: status 1', () => {
    it('one line with status, code and detail, then the request id', async () => {
      const problem = {
        status: 402,
        code: 'insufficient_credits',
        detail: 'You need 2.5 credits and have 1.',
        request_id: 'request-9',
      };
      double.answer(CREDITS, json(problem, 402));
      const { status, stdout, stderr } = await run('credits');
      expect(status).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toBe(
        'error (402 insufficient_credits): You need 2.5 credits and have 1.\n  request id: request-9\n',
      );
    });

    it('names the refused fields', async () => {
      const errors = [{ field: 'filters.min_vram', message: 'must not be less than 0' }];
      double.answer(CREDITS, json({ code: 'validation_failed', detail: 'Not allowed.', errors }, 422));
      expect((await run('credits')).stderr).toContain('\n  filters.min_vram: must not be less than 0\n');
    });

    it('says where the right id is shown', async () => {
      double.answer(CREDITS, json({ code: 'rental_not_found', detail: 'You hold no such rental.' }, 404));
      expect((await run('credits')).stderr).toContain(
        '\n  the command rentals shows the ids of what you rent',
      );
    });

    it('says when to try again', async () => {
      double.answer(
        CREDITS,
        json({ code: 'rate_limited', detail: 'Too many.' }, 429, { 'retry-after': '12' }),
      );
      expect((await run('credits')).stderr).toContain('\n  try again in 12 s\n');
    });

    it('-json prints the problem document on standard error', async () => {
      const problem = { status: 404, code: 'not_found', detail: 'No such thing.', needed: 3 };
      double.answer(CREDITS, json(problem, 404));
      const { status, stdout, stderr } = await run('-json', 'credits');
      expect([status, stdout]).toEqual([1, '']);
      expect(JSON.parse(stderr)).toEqual(problem);
    });

    it.each([
      [
        '{"error":{"message":"no such model","code":"model_not_found"}}',
        'error (404 model_not_found): no such model',
      ],
      ['{"error":"unknown model"}', 'error (404 http_error): unknown model'],
      ['<html>nginx</html>', 'error (404 http_error): Not Found'],
      ['', 'error (404 http_error): Not Found'],
    ])('understands the refusal %s', async (body, line) => {
      double.answer(CREDITS, json(body, 404));
      expect((await run('credits')).stderr.split('\n')[0]).toBe(line);
    });

    it('does not follow a redirect, which would carry the key along', async () => {
      const { url } = double;
      double.answer(CREDITS, json('', 308, { location: `${url}/elsewhere` }));
      const { status, stderr } = await run('credits');
      expect(status).toBe(1);
      expect(stderr).toContain(`the server points to ${url}/elsewhere; name that address with -api`);
      expect(double.received).toHaveLength(1);
    });

    it('wonders at an answer that is not JSON', async () => {
      double.answer(CREDITS, json('<html>hello</html>'));
      const { status, stderr } = await run('credits');
      expect(status).toBe(1);
      expect(stderr).toContain('answered without JSON; is it a GPU Proxy server?');
    });

    it('does not let a server drive the terminal', async () => {
      double.answer(CREDITS, json({ code: 'x', detail: 'a\u001B[31mb\nc' }, 400));
      expect((await run('credits')).stderr.split('\n')[0]).toBe('error (400 x): a [31mb c');
    });
  });

  describe('not reached: status 3', () => {
    it('connection refused', async () => {
      const free = createServer().listen(0, '127.0.0.1');
      await once(free, 'listening');
      const { port } = free.address() as AddressInfo;
      await new Promise((resolve) => free.close(resolve));
      const { status, stderr } = await runClient([
        '-api',
        `http://127.0.0.1:${port}`,
        '-key',
        'k',
        'credits',
      ]);
      expect(status).toBe(3);
      expect(stderr).toBe(
        `error (unreachable): cannot reach http://127.0.0.1:${port}: connection refused; is the daemon running?\n`,
      );
    });

    it('no such host', async () => {
      const { status, stderr } = await runClient(['-api', 'http://gpuproxy.invalid', '-key', 'k', 'credits']);
      expect(status).toBe(3);
      expect(stderr).toContain('error (unreachable): cannot reach http://gpuproxy.invalid: ');
    });

    it('a connection that breaks off in the middle of an answer', async () => {
      double.answer(CREDITS, (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"credits', () => response.socket?.destroy());
      });
      const { status, stderr } = await run('-json', 'credits');
      expect(status).toBe(3);
      expect(JSON.parse(stderr)).toMatchObject({ code: 'connection_lost' });
    });

    it('https where only http is spoken', async () => {
      const { status } = await runClient([
        '-api',
        double.url.replace('http:', 'https:'),
        '-key',
        'k',
        'credits',
      ]);
      expect(status).toBe(3);
    });
  });

  describe('wrong command line: status 2', () => {
    it.each([
      [['nope'], 'unknown command "nope"'],
      [['lisst'], 'unknown command "lisst", did you mean list?'],
      [['create', 'vast.ai'], 'create needs ID'],
      [['chat', 'llama'], 'chat needs PROMPT'],
      [['credits', 'now'], 'unexpected argument "now"'],
      [['load', 'everything'], 'the argument is one of server, provider, not "everything"'],
      [['list', '-min-vrm', '4'], 'unknown flag -min-vrm, did you mean -min-vram?'],
      [['help', 'lisst'], 'unknown command "lisst", did you mean list?'],
      [['-api', 'localhost:8080', 'credits'], '-api needs a URL such as http://localhost:8080'],
      [['-api', 'http://me:pw@host', 'credits'], '-api must not hold a user or password'],
      [['-key', 'bad key', 'credits'], 'the key or token holds blanks'],
    ])('%j', async (argv, message) => {
      const { status, stderr } = await run(...argv);
      expect(status).toBe(2);
      expect(stderr.startsWith(`error: ${message}`)).toBe(true);
      expect(stderr).toContain('usage: aiserve-gpuproxy-client');
      expect(double.received).toEqual([]);
    });

    it('shows the usage of the command that was misused', async () => {
      expect((await run('create', 'vast.ai')).stderr).toContain(
        'usage: aiserve-gpuproxy-client create PROVIDER ID [flags]\nMore: aiserve-gpuproxy-client help create\n',
      );
    });

    it('no command at all prints the help on standard error', async () => {
      const { status, stdout, stderr } = await run();
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain('Commands:');
    });

    it('no key', async () => {
      const { status, stderr } = await runClient(['-api', double.url, 'credits']);
      expect(status).toBe(2);
      expect(stderr).toContain('no API key: give -key KEY or set GPUPROXY_API_KEY');
    });
  });
});
