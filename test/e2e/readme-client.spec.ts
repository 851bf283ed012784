import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInBrowser } from '../support/browser.js';
import { complaintsAbout, readmeClient, toJavaScript } from '../support/readme-client.js';
import {
  eventually,
  runDaemon,
  signUp,
  type ApiCaller,
  type RunningDaemon,
} from '../support/running-daemon.js';
import type { Frame } from '../support/ws-client.js';

const ROOT = join(import.meta.dirname, '..', '..');
const CHAT = { model: 'sandbox/tiny-llm', messages: [{ role: 'user', content: 'Hi' }] };
/** authenticated, subscribed and six snapshots. */
const GREETING = 8;

describe("the README's streaming client", () => {
  let running: RunningDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    running = await runDaemon('sqlite');
    caller = await signUp(running.url);
    await caller.post('/api/v1/gpu/instances/reserve', { count: 1, pool: 'llm', filters: { min_vram: 16 } });
    await eventually(
      async () => (await caller.get<{ serving: number }>('/api/v1/gpu/pools/llm')).body.serving === 1,
    );
  });
  afterAll(() => running.stop());

  /** As printed, with this daemon's address and key, another ear, and an inference when all snapshots are there. */
  const script = (hear: string): string =>
    toJavaScript(readmeClient())
      .replace('ws://localhost:8080/ws', `${running.url.replace('http', 'ws')}/ws`)
      .replace(/, key, .*\n/, `, '${caller.key}', heard);\n`)
      .concat(
        `let count = 0;
         function heard(frame) {
           ${hear};
           count += 1;
           if (count === ${GREETING}) stream.infer('1', 'llm', ${JSON.stringify(CHAT)});
         }`,
      );

  const typesOf = (frames: readonly Frame[]): string[] =>
    frames.map(({ type }) => type).filter((type) => type !== 'event');
  const wanted = ['authenticated', 'subscribed', ...Array<string>(6).fill('snapshot'), 'chunk'];

  it('is sound to the compiler', () => {
    const key = 'declare const key: string;\n';
    expect(complaintsAbout(`${key}${readmeClient()}`)).toEqual([]);
    expect(complaintsAbout(readmeClient())).toEqual(["Cannot find name 'key'."]);
  });

  it('works in Node 20 with the import that it asks for', async () => {
    const source = `import { WebSocket } from 'ws';\n${script('console.log(JSON.stringify(frame))')}`;
    const node = spawn(process.execPath, ['--input-type=module', '--eval', source], { cwd: ROOT });
    const frames: Frame[] = [];
    for await (const line of createInterface(node.stdout)) {
      frames.push(JSON.parse(line) as Frame);
      if (frames.at(-1)?.type === 'completed') break;
    }
    node.kill();
    expect(typesOf(frames)).toEqual(expect.arrayContaining(wanted));
    expect(typesOf(frames).at(-1)).toBe('completed');
  });

  it('works in Chromium', async () => {
    const module = script('report(frame)').replace('export function', 'function');
    const frames = (await runInBrowser(module, GREETING + 3)) as Frame[];
    expect(typesOf(frames)).toEqual(expect.arrayContaining(wanted));
  });
});
