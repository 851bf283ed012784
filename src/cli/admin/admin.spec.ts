import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { main } from './main.js';

async function run(...argv: string[]): Promise<{ status: number; stderr: string }> {
  let stderr = '';
  const write = (take: (text: string) => void): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done): void {
        take(chunk.toString());
        done();
      },
    });
  const stdout = write(() => undefined);
  const status = await main(argv, { env: {}, stdout, stderr: write((text) => (stderr += text)) });
  return { status, stderr };
}

describe('wrong command lines of the admin program', () => {
  it.each([
    [['ledger'], 'unknown command "ledger", did you mean ledger verify?'],
    [['ledger', 'check'], 'unknown command "ledger", did you mean ledger verify?'],
    [['usres'], 'unknown command "usres", did you mean users?'],
    [['create-user', 'bad', 'password123', 'Jo'], 'EMAIL is an email address, not "bad"'],
    [['create-user', 'jo@example.com', '', 'Jo'], 'PASSWORD is empty'],
    [['make-admin'], 'use: aiserve-gpuproxy-admin make-admin EMAIL'],
  ])('%j ends with 2 before a database is opened', async (argv, complaint) => {
    const { status, stderr } = await run(...argv);
    expect(status).toBe(2);
    expect(stderr).toContain(`error: ${complaint}\n`);
  });
});
