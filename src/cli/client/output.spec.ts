import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PassThrough } from 'node:stream';
import { answerEverything, offer } from '../../../test/support/api-answers.js';
import { json, startApiDouble, type ApiDouble } from '../../../test/support/api-double.js';
import { runClient } from '../../../test/support/run-client.js';
import { Output } from './output.js';

const ESCAPE = '\u001B';

describe('output', () => {
  let double: ApiDouble;
  beforeEach(async () => {
    double = await startApiDouble();
    answerEverything(double);
  });
  afterEach(() => double.close());

  const rentals = (env: NodeJS.ProcessEnv, isTty: boolean, ...more: string[]): Promise<string> =>
    runClient(['-api', double.url, '-key', 'k', 'rentals', ...more], { env, isTty }).then(
      (run) => run.stdout,
    );

  it('colours states on a terminal', async () => {
    const text = await rentals({}, true);
    expect(text).toContain(`${ESCAPE}[32mrunning${ESCAPE}[39m`);
    expect(text).toContain(`${ESCAPE}[31mfailed${ESCAPE}[39m`);
  });

  it('is plain in a pipe, with NO_COLOR, on a dumb terminal and with -json', async () => {
    expect(await rentals({}, false)).not.toContain(ESCAPE);
    expect(await rentals({ NO_COLOR: '1' }, true)).not.toContain(ESCAPE);
    expect(await rentals({ TERM: 'dumb' }, true)).not.toContain(ESCAPE);
    expect(await rentals({}, true, '-json')).not.toContain(ESCAPE);
  });

  it('aligns the same with and without colours', async () => {
    const coloured = (await rentals({}, true)).replaceAll(new RegExp(`${ESCAPE}\\[\\d+m`, 'g'), '');
    expect(coloured).toBe(await rentals({}, false));
  });

  it('leaves no blanks at the end of a line', async () => {
    expect(await rentals({}, false)).not.toMatch(/ \n/);
  });

  it('does not let a farm drive the terminal', async () => {
    const evil = { ...offer, location: `${ESCAPE}[2Jhere\nthere` };
    double.answer('GET /api/v1/gpu/instances', json({ instances: [evil], count: 1, provider: 'all' }));
    const { lines } = await runClient(['-api', double.url, '-key', 'k', 'list']);
    expect(lines[1]).toMatch(/ {2,}\[2Jhere there$/);
  });

  it('-json prints the answer byte for byte', async () => {
    const text = '{"rentals":[],  "next_cursor":null, "n":9007199254740993}';
    double.answer('GET /api/v1/gpu/rentals', json(text));
    expect(await rentals({}, false, '-json')).toBe(`${text}\n`);
  });

  it('waits for a slow reader', async () => {
    const stdout = new PassThrough({ highWaterMark: 4 });
    const output = await Output.open({ stdout, stderr: stdout, env: {} }, false);
    const progress: string[] = [];
    const write = async (): Promise<void> => {
      await output.write('longer than four');
      progress.push('written');
    };
    const writing = write();
    await new Promise(setImmediate);
    expect(progress).toEqual([]);
    stdout.resume();
    await writing;
    expect(progress).toEqual(['written']);
  });
});
