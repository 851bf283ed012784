import { AuditLog } from '../../../audit/audit-log.js';
import { OPERATOR } from '../../../common/origin.js';
import { Resealer } from '../../../secrets/resealer.js';
import type { AdminCommand } from '../command.js';

export const secretsRotate: AdminCommand = {
  name: 'secrets rotate',
  summary: 'seal all stored secrets anew with the current ENCRYPTION_KEY; then the older ones can go',
  arguments: [],
  needsSecret: true,
  async run({ open, output }) {
    const app = await open();
    const counts = await app.get(Resealer).run();
    await app.get(AuditLog).record({ action: 'secrets.rotated', origin: OPERATOR, details: counts });
    await output.result(counts, () =>
      output.fields(Object.entries(counts).map(([column, count]) => [column, `${count} sealed anew`])),
    );
  },
};
