import { AuditVerifier, type AuditAnchor } from '../../../audit/audit-verifier.js';
import { UsageError } from '../../flags.js';
import type { AdminCommand } from '../command.js';

export const auditVerify: AdminCommand = {
  name: 'audit verify',
  summary: 'recompute the chain of the audit log; with SEQ:HASH of before, also that nothing was cut off',
  arguments: ['[SEQ:HASH]'],
  async run({ args: [anchor], open, output }) {
    const known = anchor === undefined ? undefined : readAnchor(anchor);
    const verdict = await (await open()).get(AuditVerifier).verify(known);
    const { isIntact, entries, lastHash, firstBreak } = verdict;
    await output.result(verdict, () =>
      output.line(
        isIntact
          ? `intact: ${entries} entries, ending in ${entries}:${lastHash}`
          : `BROKEN at ${firstBreak?.seq}: ${firstBreak?.problem}`,
      ),
    );
    return isIntact;
  },
};

function readAnchor(text: string): AuditAnchor {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === undefined) throw new UsageError(`SEQ:HASH is what "audit verify" wrote before, not "${text}"`);
  return { seq: Number(seq), hash };
}
