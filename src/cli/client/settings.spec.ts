import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerEverything } from '../../../test/support/api-answers.js';
import { startApiDouble, type ApiDouble } from '../../../test/support/api-double.js';
import { runClient } from '../../../test/support/run-client.js';
import { parseFlags } from '../flags.js';
import { apiSettings, GLOBAL_FLAGS } from './settings.js';

describe('settings', () => {
  let double: ApiDouble;
  beforeEach(async () => {
    double = await startApiDouble();
    answerEverything(double);
  });
  afterEach(() => double.close());

  it('come from the environment', async () => {
    await runClient(['credits'], { env: { GPUPROXY_API_URL: double.url, GPUPROXY_API_KEY: ' from-env\n' } });
    expect(double.received[0].headers['x-api-key']).toBe('from-env');
  });

  it('come from flags before that', async () => {
    const env = { GPUPROXY_API_URL: 'http://127.0.0.1:1', GPUPROXY_API_KEY: 'from-env' };
    await runClient(['credits', '-api', double.url, '--key=from-flag'], { env });
    expect(double.received[0].headers['x-api-key']).toBe('from-flag');
  });

  it('fall back to the local server, also when the variable is empty', () => {
    const { flags } = parseFlags(['-key', 'k'], GLOBAL_FLAGS);
    const io = { stdout: process.stdout, stderr: process.stderr, env: { GPUPROXY_API_URL: '' } };
    expect(apiSettings(flags, io, 'key').baseUrl.href).toBe('http://localhost:8080/');
  });

  it('keep the path of a server behind a reverse proxy', async () => {
    await runClient(['-api', `${double.url}/gpu/`, '-key', 'k', 'credits']);
    expect(double.received[0].url).toBe('/gpu/api/v1/credits');
  });

  it('take flags on both sides of the command', async () => {
    const before = await runClient(['-api', double.url, '-key', 'k', '-json', 'credits']);
    const behind = await runClient(['credits', '-json', '-key=k', '-api', double.url]);
    expect(behind).toEqual(before);
    expect(before.stdout).toContain('{"credits_remaining":42.5');
  });
});
