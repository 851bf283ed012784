import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readDaemonCommandLine } from './cli/daemon-command-line.js';
import { UsageError } from './cli/flags.js';
import { describeFailure } from './start-failure.js';

describe("the daemon's command line", () => {
  it.each([[['-dv', '-dm']], [['--developer-mode', '--debug-mode']]])('understands %j', (argv) => {
    expect(readDaemonCommandLine(argv)).toEqual({ isDeveloper: true, isDebug: true });
  });

  it.each(['-help', '--help', '-h'])('answers %s with its flags', (flag) => {
    expect(readDaemonCommandLine([flag])).toEqual({ text: expect.stringContaining('-developer-mode') });
  });

  it('tells its version', () => {
    expect(readDaemonCommandLine(['-version'])).toEqual({
      text: expect.stringMatching(/^aiserve-gpuproxyd \d+\.\d+\.\d+ /),
    });
  });

  it('refuses words, which it would not obey', () => {
    expect(() => readDaemonCommandLine(['start'])).toThrow(
      new UsageError('takes flags only, not "start"; more: aiserve-gpuproxyd -help'),
    );
  });
});

describe('a start that fails', () => {
  it('says in a sentence that the port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const [error] = (await once(createServer().listen(port, '127.0.0.1'), 'error')) as [Error];
    expect(describeFailure(error)).toEqual({
      text: `127.0.0.1:${port} is taken by another program; choose another SERVER_PORT`,
      status: 1,
    });
    holder.close();
  });

  it('ends with 2 for a wrong command line, and shows the stack of what nobody expected', () => {
    expect(describeFailure(new UsageError('no'))).toEqual({ text: 'no', status: 2 });
    expect(describeFailure(new TypeError('broken')).text).toContain('start-failure.spec');
  });
});
