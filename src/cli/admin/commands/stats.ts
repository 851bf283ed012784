import { formatCredits } from '../../../common/money.js';
import { LedgerReport } from '../../../credits/ledger/ledger-report.js';
import { UnitOfWork } from '../../../database/unit-of-work.js';
import type { AdminCommand } from '../command.js';

interface StateCount {
  state: string;
  count: number;
}

export const stats: AdminCommand = {
  name: 'stats',
  summary: 'accounts, rentals and credits of the whole installation',
  arguments: [],
  async run({ config, open, output }) {
    const app = await open();
    const ledger = await app.get(LedgerReport).overview();
    const unitOfWork = app.get(UnitOfWork);
    const users = await countRows(unitOfWork, 'users');
    const requests = await countRows(unitOfWork, 'usage_records');
    const rentals = await rentalsByState(unitOfWork);
    await output.result({ database: config.database.type, users, requests, rentals, ledger }, () =>
      output.fields([
        ['database', config.database.type],
        ['users', String(users)],
        ['requests', String(requests)],
        ['rentals', describe(rentals)],
        ['credit accounts', `${ledger.accounts} (${ledger.frozenAccounts} frozen)`],
        ['credits of users', formatCredits(ledger.postedMicro)],
        ['credits held', `${formatCredits(ledger.heldMicro)} in ${ledger.openHolds} holds`],
        ['credits used', formatCredits(ledger.usedMicro)],
        ['ledger entries', String(ledger.entries)],
      ]),
    );
  },
};

async function countRows(unitOfWork: UnitOfWork, table: 'users' | 'usage_records'): Promise<number> {
  const row = await unitOfWork.manager
    .createQueryBuilder()
    .select('COUNT(*)', 'count')
    .from(table, 'counted')
    .getRawOne<{ count: string | number }>();
  return Number(row?.count ?? 0);
}

async function rentalsByState(unitOfWork: UnitOfWork): Promise<StateCount[]> {
  const rows = await unitOfWork.manager
    .createQueryBuilder()
    .select('state', 'state')
    .addSelect('COUNT(*)', 'count')
    .from('rentals', 'rental')
    .groupBy('state')
    .orderBy('state')
    .getRawMany<{ state: string; count: string | number }>();
  return rows.map(({ state, count }) => ({ state, count: Number(count) }));
}

function describe(rentals: readonly StateCount[]): string {
  return rentals.map(({ state, count }) => `${count} ${state}`).join(', ') || 'none';
}
