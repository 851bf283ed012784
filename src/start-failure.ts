import { UsageError } from './cli/flags.js';
import { ConfigError } from './config/load-config.js';
import { SqliteFileInUse } from './database/sqlite/sqlite-file-lock.js';

export interface StartFailure {
  text: string;
  /** Bad usage ends with 2, anything else that prevents the start with 1. */
  status: 1 | 2;
}

const EXPECTED = [UsageError, ConfigError, SqliteFileInUse];

/** What to tell the operator: a sentence where we know what is wrong, else all there is. */
export function describeFailure(error: unknown): StartFailure {
  if (!(error instanceof Error)) return { text: String(error), status: 1 };
  const status = error instanceof UsageError ? 2 : 1;
  if (EXPECTED.some((kind) => error instanceof kind)) return { text: error.message, status };
  return { text: listenFailure(error) ?? error.stack ?? error.message, status };
}

function listenFailure(
  error: NodeJS.ErrnoException & { address?: string; port?: number },
): string | undefined {
  const { code, syscall, address, port } = error;
  if (syscall !== 'listen') return undefined;
  const where = `${address}:${port}`;
  if (code === 'EADDRINUSE') return `${where} is taken by another program; choose another SERVER_PORT`;
  if (code === 'EACCES') return `${where} is not open to this user; ports below 1024 need privileges`;
  if (code === 'EADDRNOTAVAIL') return `${where} is no address of this machine; look at SERVER_HOST`;
  return undefined;
}
