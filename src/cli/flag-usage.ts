import type { FlagSpec, FlagSpecs } from './flags.js';

function spelling(name: string, spec: FlagSpec): string {
  const aliases = (spec.aliases ?? []).map((alias) => `${alias.length > 1 ? '--' : '-'}${alias}`);
  const names = [`-${name}`, ...aliases].join(', ');
  return spec.kind === 'switch' ? names : `${names} ${spec.value}`;
}

/** Two aligned columns for usage texts: what to write, and what it does. */
export function columns(rows: readonly (readonly [string, string])[], indent = '  '): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`.trimEnd());
}

/** The flags of a program or command as lines of its usage text, in the order they were declared. */
export function flagUsage(specs: FlagSpecs): string[] {
  return columns(
    Object.entries(specs).map(([name, spec]) => {
      const repeated = spec.kind === 'list' ? ' (may be given many times)' : '';
      return [spelling(name, spec), spec.help + repeated] as const;
    }),
  );
}
