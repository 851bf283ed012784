import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreditsView } from '../../src/credits/credits.view.js';
import { program, requireBuild, runShell, startDaemonProcess } from '../support/built-programs.js';
import { creditsOf } from '../support/gpu-caller.js';
import { gate, type Gate } from '../support/gate.js';
import {
  ClientStream,
  machineSettings,
  startMachineDaemon,
  type MachineDaemon,
} from '../support/machine-daemon.js';
import {
  event,
  piece,
  startOpenAiUpstream,
  usageChunk,
  type OpenAiUpstream,
} from '../support/openai-upstream.js';
import { ApiCaller, eventually } from '../support/running-daemon.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

const STREAMS = 200;
/** What the machine's usage says, at one credit for a thousand tokens. */
const COST = 0.008;
/** A machine that counts as it goes, as vLLM does when it is asked to. */
const BEGINNING = { ...piece('Hello'), usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 } };
const PRICED = { PRICE_PER_1K_TOKENS: '1', SIGNUP_CREDITS: '10000' };
const MISBEHAVE = new URL('../support/processes/misbehave.mjs', import.meta.url).href;

describe('the end of a process', () => {
  let folder: TempFolder;
  let upstream: OpenAiUpstream;
  let mayEnd: Gate;
  let running: MachineDaemon;

  beforeEach(async () => {
    requireBuild();
    folder = await createTempFolder('shutdown');
    mayEnd = gate();
    // The first piece at once; the rest when the test lets it.
    upstream = await startOpenAiUpstream(async ({ path }, response) => {
      if (path !== '/v1/chat/completions') return void response.writeHead(200).end('{}');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event(BEGINNING));
      await mayEnd.opened;
      response.end(event(usageChunk) + event('[DONE]'));
    });
  });
  afterEach(async () => {
    mayEnd.open();
    running.daemon.child.kill('SIGKILL');
    await upstream.close();
    await folder.remove();
  });

  const start = async (settings: Record<string, string> = {}): Promise<void> => {
    running = await startMachineDaemon(folder.path, upstream, { ...PRICED, ...settings });
  };
  const openStreams = async (count: number): Promise<ClientStream[]> => {
    const streams = await Promise.all(Array.from({ length: count }, () => ClientStream.open(running.caller)));
    await eventually(async () => streams.every(({ text }) => text.includes('Hello')));
    return streams;
  };
  const exitOf = async (): Promise<number | null> => {
    const [status] = (await once(running.daemon.child, 'exit')) as [number | null];
    return status;
  };
  const statusOf = async (path: string): Promise<number> =>
    (await fetch(`${running.daemon.url}${path}`)).status;

  /** What another process finds in the books, and whether they are whole. */
  const booksAfterwards = async (): Promise<CreditsView> => {
    const verdict = await runShell(`${program('aiserve-gpuproxy-admin')} -dv ledger verify`, {
      cwd: folder.path,
    });
    expect(verdict).toMatchObject({ status: 0 });
    const heir = await startDaemonProcess(folder.path, ['-dv'], { ...machineSettings(upstream), ...PRICED });
    const credits = await creditsOf(new ApiCaller(heir.url, running.caller.key));
    heir.child.kill('SIGKILL');
    return credits;
  };

  it(`lets ${STREAMS} streams come to their end, refuses nobody before the door is closed, and charges exactly`, async () => {
    await start({ DRAIN_DELAY: '1s', DRAIN_TIMEOUT: '30s' });
    const streams = await openStreams(STREAMS);
    const exited = exitOf();
    running.daemon.child.kill('SIGTERM');
    await eventually(async () => (await statusOf('/health/ready')) === 503);
    expect(await statusOf('/health/live')).toBe(200);
    const [late] = await openStreams(1);
    expect(late.status).toBe(200);
    await eventually(async () =>
      statusOf('/health/live').then(
        () => false,
        () => true,
      ),
    );
    mayEnd.open();
    const ends = await Promise.all([...streams, late].map(({ ended }) => ended));
    expect(new Set(ends)).toEqual(new Set(['complete']));
    expect([...streams, late].every(({ text }) => text.endsWith('data: [DONE]\n\n'))).toBe(true);
    expect(await exited).toBe(0);
    const { credits_used: used, credits_held: held } = await booksAfterwards();
    expect([used, held]).toEqual([Number((COST * (STREAMS + 1)).toFixed(6)), 0]);
  });

  it.each([
    ['the drain has lasted too long', '300ms', 1],
    ['a second signal comes', '60s', 2],
  ])('cuts what is left when %s, settles it, and ends with 1', async (_, limit, signals) => {
    await start({ DRAIN_TIMEOUT: limit });
    const streams = await openStreams(5);
    const exited = exitOf();
    running.daemon.child.kill('SIGTERM');
    await eventually(async () =>
      statusOf('/health/live').then(
        () => false,
        () => true,
      ),
    );
    if (signals === 2) running.daemon.child.kill('SIGTERM');
    expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(streams.map(() => 'cut'));
    expect(await exited).toBe(1);
    const { credits_used: used, credits_held: held } = await booksAfterwards();
    expect(held).toBe(0);
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThanOrEqual(COST * 5);
  });

  it.each(['throw', 'reject'])(
    'after an error that nobody caught (%s) lets streams end, and ends with 1',
    async (way) => {
      await start({ MISBEHAVE: way, NODE_OPTIONS: `--import=${MISBEHAVE}` });
      const [stream] = await openStreams(1);
      const exited = exitOf();
      running.daemon.child.kill('SIGUSR2');
      await eventually(async () =>
        statusOf('/health/live').then(
          () => false,
          () => true,
        ),
      );
      mayEnd.open();
      expect(await stream.ended).toBe('complete');
      expect(await exited).toBe(1);
      expect(running.daemon.lines.join('\n')).toContain('error that nobody caught');
      expect((await booksAfterwards()).credits_used).toBe(COST);
    },
  );

  it('is not wanted by a supervisor whose process was busy for two seconds', async () => {
    await start({ MISBEHAVE: 'block', NODE_OPTIONS: `--import=${MISBEHAVE}` });
    const [stream] = await openStreams(1);
    running.daemon.child.kill('SIGUSR2');
    expect([await statusOf('/health/live'), await statusOf('/health/ready')]).toEqual([200, 200]);
    mayEnd.open();
    expect(await stream.ended).toBe('complete');
  });

  it('is not what too many requests bring: the newest are told to come again', async () => {
    await start({ MAX_CONCURRENT_REQUESTS: '5' });
    const streams = await openStreams(5);
    const refused = await ClientStream.open(running.caller);
    expect([refused.status, refused.answer.headers['retry-after']]).toEqual([503, '1']);
    await refused.ended;
    expect(refused.text).toContain('"code":"server_overloaded"');
    expect(await statusOf('/health/ready')).toBe(200);
    mayEnd.open();
    expect(new Set(await Promise.all(streams.map(({ ended }) => ended)))).toEqual(new Set(['complete']));
    expect((await ClientStream.open(running.caller)).status).toBe(200);
  });
});
