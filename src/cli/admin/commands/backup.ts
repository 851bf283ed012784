import { existsSync } from 'node:fs';
import { AuditLog } from '../../../audit/audit-log.js';
import { OPERATOR } from '../../../common/origin.js';
import { UnitOfWork } from '../../../database/unit-of-work.js';
import { UsageError } from '../../flags.js';
import type { AdminCommand } from '../command.js';

export const backup: AdminCommand = {
  name: 'backup',
  summary: 'write a whole copy of the SQLite database, also beside a running daemon (PostgreSQL: pg_dump)',
  arguments: ['FILE'],
  async run({ args: [file], config, open, output }) {
    if (config.database.type !== 'sqlite') throw new UsageError('on PostgreSQL use pg_dump --format=custom');
    if (existsSync(file)) throw new UsageError(`${file} is there already; nothing is overwritten`);
    const app = await open();
    await app.get(AuditLog).record({ action: 'database.copied', origin: OPERATOR });
    await app.get(UnitOfWork).manager.query('VACUUM INTO ?', [file]);
    await output.result({ file }, () => output.line(`copied to ${file}`));
  },
};
