import { Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { updateTable } from '../../database/table-update.js';
import { UnitOfWork } from '../../database/unit-of-work.js';

/** Tables with addresses of callers, and the column that tells how old a row is. */
const ADDRESSES = [
  { table: 'credit_sessions', id: 'id', endedAt: 'closed_at' },
  { table: 'rental_meters', id: 'rental_id', endedAt: 'ended_at' },
] as const;

const IPV4_BITS = 24;
const IPV6_BITS = 48;
const ROWS_PER_READ = 500;

interface AddressRow {
  id: string;
  ip: string;
}

/** What becomes of personal data in rows that stay. Each step may be cut short and goes on the next time. */
@Injectable()
export class OldRows {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Shortens addresses in rows that ended before the instant to their network; answers how many. */
  async shortenAddresses(before: number, signal: AbortSignal): Promise<number> {
    let count = 0;
    for (const place of ADDRESSES) {
      for (
        let rows = await this.read(place, before);
        rows.length > 0;
        rows = await this.read(place, before)
      ) {
        if (signal.aborted) return count;
        for (const row of rows) await this.shorten(place, row);
        count += rows.length;
      }
    }
    return count;
  }

  /** Forgets what processors sent in call-backs that were handled before the instant; answers how many. */
  async emptyCallbacks(before: number): Promise<number> {
    const update = updateTable(this.unitOfWork.manager, 'payment_callbacks', { data: "'{}'" });
    const { affected } = await update.where("handled_at < :before AND data <> '{}'", { before }).execute();
    return affected ?? 0;
  }

  private read({ table, id, endedAt }: (typeof ADDRESSES)[number], before: number): Promise<AddressRow[]> {
    const query = this.unitOfWork.manager.createQueryBuilder().select(id, 'id').addSelect('ip', 'ip');
    return query
      .from(table, 'row')
      .where(`${endedAt} < :before AND ip IS NOT NULL AND ip NOT LIKE '%/%'`, { before })
      .limit(ROWS_PER_READ)
      .getRawMany<AddressRow>();
  }

  private async shorten({ table, id }: (typeof ADDRESSES)[number], row: AddressRow): Promise<void> {
    const update = updateTable(this.unitOfWork.manager, table, { ip: ':network' });
    await update.where(`${id} = :id`, { id: row.id, network: networkOf(row.ip) }).execute();
  }
}

/** `203.0.113.7` → `203.0.113.0/24`; null for what is no address. */
export function networkOf(address: string): string | null {
  if (!ipaddr.isValid(address)) return null;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return network(ipaddr.IPv4, address, IPV4_BITS);
  return network(ipaddr.IPv6, address, IPV6_BITS);
}

function network(family: typeof ipaddr.IPv4 | typeof ipaddr.IPv6, address: string, bits: number): string {
  const plain = ipaddr.process(address).toString();
  return `${family.networkAddressFromCIDR(`${plain}/${bits}`).toString()}/${bits}`;
}
