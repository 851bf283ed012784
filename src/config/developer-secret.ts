import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { DatabaseConfig } from './config.js';

/**
 * The signing secret of developer mode: made once and kept in a file that only its owner can read, beside the
 * database, so that a restart voids no token and no key. Two processes that start together agree on one file.
 */
export function developerSecret(database: DatabaseConfig): string {
  const path = `${database.type === 'sqlite' ? database.file : database.name}.secret`;
  try {
    writeFileSync(path, randomBytes(48).toString('base64'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(path, 'utf8').trim();
}
