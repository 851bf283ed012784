import { AUDIT_ACTIONS, type AuditAction } from '../../../audit/audit-action.js';
import { AuditReader, type AuditFilter, type AuditRow } from '../../../audit/audit-reader.js';
import { AuditEntryView } from '../../../audit/audit.view.js';
import { UsersService } from '../../../users/users.service.js';
import { UsageError } from '../../flags.js';
import type { Column } from '../../table.js';
import type { AdminCommand } from '../command.js';

const LATEST = 100;

const COLUMNS: readonly Column<AuditRow>[] = [
  { title: 'seq', align: 'right', cell: ({ entry }) => String(entry.seq) },
  { title: 'time', cell: ({ entry }) => new Date(entry.at).toISOString() },
  { title: 'action', cell: ({ entry }) => entry.action },
  { title: 'result', cell: ({ entry }) => entry.result },
  { title: 'actor', cell: ({ entry }) => entry.actorId ?? entry.actorKind },
  { title: 'from', cell: ({ personal }) => personal?.ip ?? '-' },
  { title: 'target', cell: ({ entry }) => entry.target ?? '-' },
  { title: 'details', cell: ({ entry }) => entry.details },
];

export const auditList: AdminCommand = {
  name: 'audit list',
  summary: `the latest ${LATEST} entries of the audit log; addresses show when the encryption key is set`,
  arguments: ['[EMAIL|ACTION]'],
  async run({ args: [about], open, output }) {
    const app = await open();
    const filter = await filterFrom(about, app.get(UsersService));
    const { rows } = await app.get(AuditReader).page(filter, { limit: LATEST });
    await output.result({ audit: rows.map((row) => AuditEntryView.from(row)) }, () =>
      output.table(COLUMNS, rows),
    );
  },
};

async function filterFrom(about: string | undefined, users: UsersService): Promise<AuditFilter> {
  if (about === undefined) return {};
  if (about.includes('@')) return { subjectId: (await users.requireByEmail(about)).id };
  const action = AUDIT_ACTIONS.find((one): one is AuditAction => one === about);
  if (!action) throw new UsageError(`no such action; there are ${AUDIT_ACTIONS.join(', ')}`);
  return { action };
}
