import { describe, expect, it } from 'vitest';
import { runClient } from '../../../test/support/run-client.js';
import { COMMANDS } from './commands/index.js';
import { GLOBAL_FLAGS } from './settings.js';

const names = COMMANDS.map((command) => [command.name] as const);

describe('help', () => {
  it('lists every command with its arguments', async () => {
    const { status, lines } = await runClient(['help']);
    expect(status).toBe(0);
    const listed = lines.filter((line) => /^ {2}[a-z]/.test(line)).map((line) => line.trim().split(' ')[0]);
    expect(listed).toEqual(COMMANDS.map((command) => command.name));
    expect(lines).toContain('  create PROVIDER ID               rent one offer');
  });

  it.each(names)('help %s shows its usage and flags', async (name) => {
    const command = COMMANDS.find((candidate) => candidate.name === name);
    const { status, lines } = await runClient(['help', name]);
    expect(status).toBe(0);
    expect(lines[0].startsWith(`usage: aiserve-gpuproxy-client ${name}`)).toBe(true);
    const explained = lines.map((line) => /^ {2}-([\w-]+)[ ,]/.exec(line)?.[1]).filter(Boolean);
    expect(explained).toEqual(Object.keys(command?.flags ?? {}));
  });

  it('-h and --help behind a command do the same', async () => {
    const asked = await runClient(['help', 'reserve']);
    expect(await runClient(['reserve', '-h'])).toEqual(asked);
    expect(await runClient(['reserve', '--help'])).toEqual(asked);
  });
});

describe('the list of commands', () => {
  it('has each name once', () => {
    expect(new Set(names.flat()).size).toBe(COMMANDS.length);
  });

  it('takes no flag of the program for a command', () => {
    const global = Object.entries(GLOBAL_FLAGS).flatMap(([name, spec]) => [
      name,
      ...('aliases' in spec ? spec.aliases : []),
    ]);
    const taken = COMMANDS.flatMap((command) => Object.keys(command.flags)).filter((flag) =>
      global.includes(flag),
    );
    expect(taken).toEqual([]);
  });

  it.each(COMMANDS)('$name declares optional and joined arguments last', ({ arguments: declared }) => {
    const firstOptional = declared.findIndex((argument) => argument.isOptional);
    const tail = firstOptional === -1 ? [] : declared.slice(firstOptional);
    expect(tail.every((argument) => argument.isOptional)).toBe(true);
    expect(declared.slice(0, -1).some((argument) => argument.isRest)).toBe(false);
  });
});
