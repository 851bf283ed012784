import { LedgerVerifier } from '../../../credits/ledger/ledger-verifier.js';
import type { AdminCommand } from '../command.js';

export const ledgerVerify: AdminCommand = {
  name: 'ledger verify',
  summary: 'recompute the whole ledger; ends with 1 at the first break',
  arguments: [],
  async run({ open, output }) {
    const verdict = await (await open()).get(LedgerVerifier).verify();
    const extent = `${verdict.entries} entries of ${verdict.accounts} accounts`;
    await output.result(verdict, () =>
      output.line(verdict.isIntact ? `intact: ${extent}` : `BROKEN: ${JSON.stringify(verdict.firstBreak)}`),
    );
    return verdict.isIntact;
  },
};
