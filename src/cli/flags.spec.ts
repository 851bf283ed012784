import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODE_FLAGS, parseFlags, UsageError, type FlagSpecs } from './flags.js';

const SPECS = {
  key: { kind: 'text', value: 'K', help: 'a key' },
  n: { kind: 'number', value: 'N', help: 'a number' },
  H: { kind: 'list', value: 'HEADER', help: 'a header' },
  dm: { kind: 'switch', help: 'debug', aliases: ['debug-mode'] },
} as const satisfies FlagSpecs;

const parse = (...argv: string[]) => parseFlags(argv, SPECS);

describe('parseFlags', () => {
  it('leaves what was not given at false, an empty list or undefined', () => {
    expect(parse()).toEqual({ flags: { key: undefined, n: undefined, H: [], dm: false }, positionals: [] });
  });

  it.each([['-key', 'K'], ['--key', 'K'], ['-key=K'], ['--key=K']])('reads a value from %s %s', (...argv) => {
    expect(parse(...argv).flags.key).toBe('K');
  });

  it.each(['-dm', '--dm', '--debug-mode', '-debug-mode', '-dm=true', '-dm=1', '--dm=T'])(
    '%s turns a switch on',
    (flag) => {
      expect(parse(flag).flags.dm).toBe(true);
    },
  );

  it.each(['--dm=false', '-dm=0', '--debug-mode=F'])('%s turns it off', (flag) => {
    expect(parse('-dm', flag).flags.dm).toBe(false);
  });

  it('does not take the word behind a switch for its value', () => {
    expect(parse('-dm', 'false')).toMatchObject({ flags: { dm: true }, positionals: ['false'] });
  });

  it('reads numbers, also negative ones and those with a point', () => {
    expect(parse('-n=5').flags.n).toBe(5);
    expect(parse('-n', '-5').flags.n).toBe(-5);
    expect(parse('-n', '1.5').flags.n).toBe(1.5);
  });

  it('collects a list and lets the last of other flags count', () => {
    const { flags } = parse('-H', 'a: 1', '-key', 'old', '-H=b: 2', '-key', 'new');
    expect(flags.H).toEqual(['a: 1', 'b: 2']);
    expect(flags.key).toBe('new');
  });

  it('keeps an empty value and equals signs inside a value', () => {
    expect(parse('-key=').flags.key).toBe('');
    expect(parse('-key=a=b=c').flags.key).toBe('a=b=c');
    expect(parse('-H', 'X=1').flags.H).toEqual(['X=1']);
  });

  it('takes the word behind a value flag whatever it looks like', () => {
    expect(parse('-key', '-dm').flags).toMatchObject({ key: '-dm', dm: false });
  });

  it('reads flags behind positionals', () => {
    expect(parse('create', '-key', 'K', 'vast.ai', '-dm')).toMatchObject({
      flags: { key: 'K', dm: true },
      positionals: ['create', 'vast.ai'],
    });
  });

  it.each(['-5', '-', '-.5', '-1e3', ''])('leaves %j a positional', (word) => {
    expect(parse(word).positionals).toEqual([word]);
  });

  it('ends at --', () => {
    expect(parse('a', '--', '-dm', '--')).toMatchObject({
      flags: { dm: false },
      positionals: ['a', '-dm', '--'],
    });
  });

  it('stops at the first positional when asked to', () => {
    const { flags, positionals } = parseFlags(['-dm', 'list', '-unknown', '--', '-dm'], SPECS, {
      stopAtPositional: true,
    });
    expect(flags.dm).toBe(true);
    expect(positionals).toEqual(['list', '-unknown', '--', '-dm']);
  });

  it('names an unknown flag and the closest that exists', () => {
    expect(() => parse('--debug-mod')).toThrow(
      new UsageError('unknown flag -debug-mod, did you mean -debug-mode?'),
    );
    expect(() => parse('-constructor')).toThrow(new UsageError('unknown flag -constructor'));
  });

  it('does not repeat the value of an unknown flag, which may be a secret', () => {
    expect(() => parse('-kez=top-secret')).toThrow(new UsageError('unknown flag -kez, did you mean -key?'));
  });

  it('refuses a flag without its value, a number that is none and a switch that is neither', () => {
    expect(() => parse('-key')).toThrow('flag -key needs a value: -key K');
    expect(() => parse('-n', 'five')).toThrow('flag -n needs a number, not "five"');
    expect(() => parse('-n', '')).toThrow(UsageError);
    expect(() => parse('-n', '0x10')).toThrow(UsageError);
    expect(() => parse('-dm=maybe')).toThrow('flag -dm is true or false, not "maybe"');
  });

  it('reads the modes of the daemon in both spellings', () => {
    expect(parseFlags(['-dv', '-dm'], MODE_FLAGS).flags).toEqual({ dv: true, dm: true });
    expect(parseFlags(['--developer-mode', '--debug-mode'], MODE_FLAGS).flags).toEqual({
      dv: true,
      dm: true,
    });
  });

  it('gets back any flags and positionals, however they were written and mixed', () => {
    const word = fc.string({ unit: 'binary' });
    const positional = word.filter((text) => !/^--?[A-Za-z]/.test(text) && text !== '--');
    const piece = fc.oneof(
      word.map((key) => ({ key, argv: ['-key', key] })),
      word.map((key) => ({ key, argv: [`--key=${key}`] })),
      word.map((header) => ({ header, argv: ['-H', header] })),
      fc.integer().map((n) => ({ n, argv: [`-n=${n}`] })),
      fc.boolean().map((dm) => ({ dm, argv: [`--debug-mode=${dm}`] })),
      positional.map((text) => ({ text, argv: [text] })),
    );
    const all = fc.tuple(fc.array(piece), fc.option(fc.array(word), { nil: undefined }));
    fc.assert(
      fc.property(all, ([pieces, behind]) => {
        const argv = [...pieces.flatMap((part) => part.argv), ...(behind ? ['--', ...behind] : [])];
        const given = <K extends string>(name: K): unknown[] =>
          pieces.filter((part) => name in part).map((part) => (part as Record<string, unknown>)[name]);
        expect(parseFlags(argv, SPECS)).toEqual({
          flags: {
            key: given('key').at(-1),
            n: given('n').at(-1),
            H: given('header'),
            dm: given('dm').at(-1) ?? false,
          },
          positionals: [...given('text'), ...(behind ?? [])],
        });
      }),
    );
  });
});
