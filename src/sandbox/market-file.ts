import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Reads `data/market/<name>`; the folder stands beside the sources and beside the build alike. */
export function readMarketFile(name: string): unknown {
  return JSON.parse(readFileSync(join(marketFolder(import.meta.dirname), name), 'utf8'));
}

function marketFolder(start: string): string {
  const candidate = join(start, 'data', 'market');
  if (existsSync(candidate)) return candidate;
  const parent = dirname(start);
  if (parent === start) throw new Error('data/market is missing: the sandbox has no market to offer');
  return marketFolder(parent);
}
