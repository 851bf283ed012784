import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** One source file and the files of ours that it imports at run time, paths relative to the root. */
export interface SourceFile {
  path: string;
  text: string;
  imports: string[];
  /** Imports that vanish when compiled: `import type`. */
  typeImports: string[];
}

const IMPORT = /^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'(\.[^']+)'|^\s*import\s+'(\.[^']+)'/gm;
const LAZY_IMPORT = /import\('(\.[^']+)'\)/g;

/** Product code below `src`, without the specs. */
export function readSources(folder = 'src'): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => readSource(join(folder, name)));
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = [...text.matchAll(IMPORT)].map(([, type, from, bare]) => ({
    isType: Boolean(type),
    target: resolveImport(path, from ?? bare),
  }));
  const lazy = [...text.matchAll(LAZY_IMPORT)].map(([, from]) => resolveImport(path, from));
  return {
    path,
    text,
    imports: [...found.filter(({ isType }) => !isType).map(({ target }) => target), ...lazy],
    typeImports: found.filter(({ isType }) => isType).map(({ target }) => target),
  };
}

function resolveImport(path: string, from: string): string {
  return relative('.', normalize(join(dirname(path), from.replace(/\.js$/, '.ts'))));
}

/** The module of a file: the folder below `src`, two levels for the programs in `cli`, `app` for files at the top. */
export function moduleOf(path: string): string {
  const [top, first, second, third] = path.split('/');
  if (top !== 'src') return top;
  if (second === undefined) return 'app';
  if (first === 'cli') return third === undefined ? 'cli' : `cli/${second}`;
  return first;
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
