import type { DataSource } from 'typeorm';

/**
 * Refuses to start on a PostgreSQL that acknowledges commits before they are on disk: a crash would lose payments
 * that callers were told of. (SQLite's setting is made by our driver.)
 */
export async function assertDurableCommits(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type !== 'postgres') return;
  const [row] = await dataSource.query<{ synchronous_commit: string }[]>('SHOW synchronous_commit');
  if (row.synchronous_commit === 'off') {
    throw new Error(
      'PostgreSQL runs with synchronous_commit=off: acknowledged payments could be lost. Turn it on.',
    );
  }
}
