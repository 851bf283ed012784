import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreditsView } from '../../src/credits/credits.view.js';
import {
  program,
  requireBuild,
  runShell,
  startDaemonProcess,
  type DaemonProcess,
} from '../support/built-programs.js';
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
import { rentalsOf } from '../support/rental-views.js';
import { ApiCaller, eventually } from '../support/running-daemon.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

/** What the machine's usage says, at one credit for a thousand tokens. */
const COST = 0.008;
/** A machine that counts as it goes, as vLLM does when it is asked to. */
const BEGINNING = { ...piece('Hello'), usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 } };
const SETTINGS = { PRICE_PER_1K_TOKENS: '1', SIGNUP_CREDITS: '10000', HOLD_TTL: '2s' };

describe('a server that is killed (kill -9)', () => {
  let folder: TempFolder;
  let upstream: OpenAiUpstream;
  let mayBegin: Gate;
  let mayEnd: Gate;
  let running: MachineDaemon;
  let heir: DaemonProcess | undefined;

  beforeEach(async () => {
    requireBuild();
    folder = await createTempFolder('server-kill');
    [mayBegin, mayEnd] = [gate(), gate()];
    upstream = await startOpenAiUpstream(async ({ path }, response) => {
      if (path !== '/v1/chat/completions') return void response.writeHead(200).end('{}');
      await mayBegin.opened;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event(BEGINNING));
      await mayEnd.opened;
      response.end(event(usageChunk) + event('[DONE]'));
    });
    running = await startMachineDaemon(folder.path, upstream, SETTINGS);
  });
  afterEach(async () => {
    mayBegin.open();
    mayEnd.open();
    running.daemon.child.kill('SIGKILL');
    heir?.child.kill('SIGKILL');
    await upstream.close();
    await folder.remove();
  });

  const kill = async (): Promise<void> => {
    running.daemon.child.kill('SIGKILL');
    await once(running.daemon.child, 'exit');
  };
  /** The books as another process finds them, when nothing of the dead one is held any more. */
  const booksAfterwards = async (): Promise<CreditsView> => {
    heir = await startDaemonProcess(folder.path, ['-dv'], { ...machineSettings(upstream), ...SETTINGS });
    const caller = new ApiCaller(heir.url, running.caller.key);
    const credits = await eventually(async () => {
      const seen = await creditsOf(caller);
      return seen.credits_held === 0 && seen;
    });
    const verdict = await runShell(`${program('aiserve-gpuproxy-admin')} -dv ledger verify`, {
      cwd: folder.path,
    });
    expect(verdict).toMatchObject({ status: 0 });
    return credits;
  };

  it('while it is idle: the next one has everything, and no two have the file', async () => {
    const second = await runShell(`${program('aiserve-gpuproxyd')} -dv`, {
      cwd: folder.path,
      env: { SERVER_PORT: '0' },
    });
    expect(second).toMatchObject({ status: 1, stderr: expect.stringContaining('another server is using') });
    const before = await creditsOf(running.caller);
    await kill();
    expect(await booksAfterwards()).toEqual(before);
    expect(await rentalsOf(new ApiCaller(heir?.url ?? '', running.caller.key))).toMatchObject([
      { state: 'running' },
    ]);
  });

  it('between the hold and the answer of the machine charges nothing', async () => {
    const asked = Array.from({ length: 20 }, () => ClientStream.open(running.caller).catch(() => 'cut'));
    await eventually(
      async () => upstream.received.filter(({ path }) => path === '/v1/chat/completions').length === 20,
    );
    void Promise.all(asked);
    await kill();
    expect((await booksAfterwards()).credits_used).toBe(0);
  });

  it('in the middle of 100 streams charges at most what was delivered', async () => {
    mayBegin.open();
    const streams = await Promise.all(Array.from({ length: 100 }, () => ClientStream.open(running.caller)));
    await eventually(async () => streams.every(({ text }) => text.includes('Hello')));
    await kill();
    expect(new Set(await Promise.all(streams.map(({ ended }) => ended)))).toEqual(new Set(['cut']));
    expect((await booksAfterwards()).credits_used).toBeLessThanOrEqual(100 * COST);
  });

  it('after the end of streams, before they are settled, charges each once or not at all', async () => {
    mayBegin.open();
    mayEnd.open();
    const streams = await Promise.all(Array.from({ length: 50 }, () => ClientStream.open(running.caller)));
    expect(new Set(await Promise.all(streams.map(({ ended }) => ended)))).toEqual(new Set(['complete']));
    await kill();
    const { credits_used: used } = await booksAfterwards();
    const charged = used / COST;
    expect(charged).toBeCloseTo(Math.round(charged), 6);
    expect(charged).toBeLessThanOrEqual(50);
  });
});
