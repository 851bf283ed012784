import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerEverything, offer } from '../support/api-answers.js';
import { json, startApiDouble, type ApiDouble } from '../support/api-double.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const LAUNCHERS = ['aiserve-gpuproxyd', 'aiserve-gpuproxy-client', 'aiserve-gpuproxy-admin'];

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  const exit = once(child, 'close') as Promise<[number | null]>;
  const [stdout, stderr] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')),
  );
  const [status] = await exit;
  return { status, stdout, stderr };
}

describe('the launchers without a build', () => {
  it.each(LAUNCHERS)('%s says what to do and ends with 2', async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'gpuproxy-bin-'));
    try {
      await cp(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
      await cp(join(root, 'package.json'), join(folder, 'package.json'));
      const { status, stdout, stderr } = await ended(spawn(join(folder, 'bin', name)));
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toBe(`${name} is not built yet: run "make build" first.\n`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('the built client', () => {
  let double: ApiDouble;
  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/src/cli/client/main.js')))
      throw new Error('The end-to-end tests run the built programs: run "npm run build" first.');
    double = await startApiDouble();
    answerEverything(double);
  });
  afterAll(() => double?.close());

  const start = (line: string): ChildProcess =>
    spawn('/bin/sh', ['-c', line], {
      cwd: root,
      env: { ...process.env, KEY: 'K', GPUPROXY_API_URL: double.url },
    });

  it('runs a printed command line in a shell', async () => {
    const { status, stdout } = await ended(start('./bin/aiserve-gpuproxy-client -key $KEY load provider'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/vast\.ai +1 +2 +\$0\.812\/h\n$/);
  });

  it('takes the status of its end from what happened', async () => {
    const statusOf = async (words: string): Promise<number | null> =>
      (await ended(start(`./bin/aiserve-gpuproxy-client ${words}`))).status;
    expect(await statusOf('-key K credits')).toBe(0);
    expect(await statusOf('-key K rental unknown')).toBe(1);
    expect(await statusOf('credits')).toBe(2);
    expect(await statusOf('-api http://127.0.0.1:1 health')).toBe(3);
  });

  it('writes all of a long answer into a pipe, and ends quietly when the reader leaves', async () => {
    const instances = Array.from({ length: 5000 }, (_, index) => ({ ...offer, id: `vast-${index}` }));
    double.answer('GET /api/v1/gpu/instances', json({ instances, count: 5000, provider: 'all' }));
    const all = await ended(start('./bin/aiserve-gpuproxy-client -key K list | tail -1'));
    expect(all.stdout).toMatch(/^vast-4999 /);
    const first = await ended(start('{ ./bin/aiserve-gpuproxy-client -key K list; echo $? >&2; } | head -1'));
    expect(first.stderr).toBe('0\n');
    expect(first.stdout).toMatch(/^ID /);
  });

  it('ends with 130 on Ctrl-C while it waits', async () => {
    const asked = new Promise<void>((resolve) => double.answer('GET /api/v1/credits', () => resolve()));
    const child = start('exec ./bin/aiserve-gpuproxy-client -key K credits');
    const end = ended(child);
    await asked;
    child.kill('SIGINT');
    expect(await end).toEqual({ status: 130, stdout: '', stderr: '' });
  });
});
