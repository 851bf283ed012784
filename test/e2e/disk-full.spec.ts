import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program, requireBuild } from '../support/built-programs.js';
import { creditsOf } from '../support/gpu-caller.js';
import { ClientStream, startMachineDaemon, type MachineDaemon } from '../support/machine-daemon.js';
import { completion, startOpenAiUpstream, type OpenAiUpstream } from '../support/openai-upstream.js';
import { rentalsOf } from '../support/rental-views.js';
import { eventually } from '../support/running-daemon.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

const DISK = '24m';
const PIECE_BYTES = 256 * 1024;

/** A small disk that only the process sees which is started through it; needs no rights beyond one's own. */
const onSmallDisk = (place: string): string[] => [
  'unshare',
  '--user',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${DISK} disk "${place}" && exec "$0" "$@"`,
];

const canMount = (): boolean => {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(!canMount())('an SQLite file on a disk (skipped where nobody may mount one)', () => {
  let folder: TempFolder;
  let upstream: OpenAiUpstream;
  let running: MachineDaemon;
  let disk: string;

  beforeAll(async () => {
    requireBuild();
    folder = await createTempFolder('disk');
    const place = join(folder.path, 'disk');
    await mkdir(place);
    upstream = await startOpenAiUpstream(completion);
    const settings = {
      DB_NAME: join(place, 'gpuproxy.db'),
      PRICE_PER_REQUEST: '0.001',
      SIGNUP_CREDITS: '10',
    };
    running = await startMachineDaemon(folder.path, upstream, settings, onSmallDisk(place));
    disk = `/proc/${running.daemon.child.pid}/root${place}`;
  });
  afterAll(async () => {
    running.daemon.child.kill('SIGKILL');
    await upstream.close();
    await folder.remove();
  });

  const inside = (...command: string[]): string =>
    execFileSync(
      'nsenter',
      [
        '--preserve-credentials',
        '--user',
        '--mount',
        '--target',
        String(running.daemon.child.pid),
        ...command,
      ],
      { encoding: 'utf8', cwd: '/' },
    );
  const fill = async (): Promise<void> => {
    for (let size = PIECE_BYTES, piece = 0; size >= 512; piece++) {
      const isWritten = await writeFile(join(disk, `filler-${piece}`), Buffer.alloc(size)).then(
        () => true,
        () => false,
      );
      if (!isWritten) size /= 2;
    }
  };
  const empty = (): void => {
    inside('sh', '-c', `rm -f ${join(folder.path, 'disk')}/filler-*`);
  };
  const statusOf = async (path: string): Promise<number> =>
    (await fetch(`${running.daemon.url}${path}`)).status;
  const changePool = () =>
    running.caller.send<{ code?: string }>('PATCH', '/api/v1/gpu/pools/default', { strategy: 'round_robin' });
  const complete = async (): Promise<number> => {
    const stream = await ClientStream.open(running.caller);
    await stream.ended;
    return stream.status;
  };
  const verify = (): string =>
    inside(
      'env',
      `DB_NAME=${join(folder.path, 'disk', 'gpuproxy.db')}`,
      program('aiserve-gpuproxy-admin'),
      '-dv',
      'ledger',
      'verify',
    );

  /** Writes are refused, reads are answered, and nothing is lost or spent. */
  const expectWritesRefused = async (): Promise<void> => {
    const refused = await eventually(async () => {
      const { status, body, headers } = await changePool();
      return status === 503 && { code: body.code, retryAfter: headers.get('retry-after') };
    });
    expect(refused).toEqual({ code: 'database_unavailable', retryAfter: '2' });
    expect((await rentalsOf(running.caller)).map(({ state }) => state)).toEqual(['running']);
    expect((await creditsOf(running.caller)).credits_total).toBe(10);
    expect(await statusOf('/health/live')).toBe(200);
  };
  const expectRecovery = async (): Promise<void> => {
    await eventually(async () => (await changePool()).status === 200);
    await eventually(async () => (await statusOf('/health/ready')) === 200);
    expect(await complete()).toBe(200);
  };

  it('that is full: 503 for what has to be written, reads go on, and all is well when there is room', async () => {
    expect(await complete()).toBe(200);
    await fill();
    await expectWritesRefused();
    expect(await statusOf('/health/ready')).toBe(503);
    empty();
    await expectRecovery();
    expect(verify()).toContain('intact');
  });
});
