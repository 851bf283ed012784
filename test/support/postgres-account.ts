import { execFileSync } from 'node:child_process';

export interface OsAccount {
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root. Root therefore starts it as another account of the system: `postgres` if there
 * is one, else `nobody`, which every system has. Other users start it as themselves (undefined).
 */
export function accountForPostgres(): OsAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const account = accountNamed('postgres') ?? accountNamed('nobody');
  if (!account)
    throw new Error('root cannot run PostgreSQL, and this system has no account postgres or nobody');
  return account;
}

function accountNamed(name: string): OsAccount | undefined {
  const read = (flag: string): number =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: read('-u'), gid: read('-g') };
  } catch {
    return undefined;
  }
}
