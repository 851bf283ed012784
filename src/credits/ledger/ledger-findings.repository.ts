import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditAccount } from './account.entity.js';
import { CreditEntry } from './entry.entity.js';
import { CreditHold } from './hold.entity.js';
import { dollarAccount, type TransferCode } from './transfer-codes.js';
import { CreditTransfer } from './transfer.entity.js';

/** What moves credits together with dollars. */
const PAID_CODES: readonly TransferCode[] = [
  'purchase',
  'renewal',
  'refund',
  'refund_reversal',
  'refund_clawback',
  'chargeback',
  'chargeback_reversal',
];

/**
 * Questions that must have no answer in an intact ledger. Each is a single statement, so that it sees one moment of
 * the database while postings go on.
 */
@Injectable()
export class LedgerFindingsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** A transfer that has not two sides that add up to zero. */
  async unbalancedTransfer(): Promise<string | undefined> {
    const query = this.from(CreditTransfer, 'transfer')
      .select('transfer.id', 'id')
      .leftJoin(CreditEntry, 'entry', 'entry.transferId = transfer.id')
      .groupBy('transfer.id')
      .having('COUNT(entry.id) < 2 OR SUM(entry.amountMicro) <> 0');
    return firstId(query);
  }

  /** An account whose held amount is not what its open holds have left. */
  async accountWithWrongHeld(): Promise<string | undefined> {
    const query = this.from(CreditAccount, 'account')
      .select('account.id', 'id')
      .leftJoin(CreditHold, 'hold', "hold.userId = account.id AND hold.state = 'open'")
      .groupBy('account.id')
      .addGroupBy('account.heldMicro')
      .having('account.heldMicro <> COALESCE(SUM(hold.amountMicro - hold.capturedMicro), 0)');
    return firstId(query);
  }

  /** A hold that says it was charged with something else than the transfers that name it. */
  async holdWithWrongCharges(): Promise<string | undefined> {
    const query = this.from(CreditHold, 'hold')
      .select('hold.id', 'id')
      .leftJoin(CreditTransfer, 'transfer', 'transfer.holdId = hold.id')
      .leftJoin(CreditEntry, 'entry', 'entry.transferId = transfer.id AND entry.account = transfer.account')
      .groupBy('hold.id')
      .addGroupBy('hold.capturedMicro')
      .having('hold.capturedMicro <> COALESCE(-SUM(entry.amountMicro), 0)');
    return firstId(query);
  }

  /** An entry past the number of entries that its account knows, or of an account that does not exist. */
  async entryBeyondAccount(): Promise<string | undefined> {
    const query = this.from(CreditEntry, 'entry')
      .select('entry.id', 'id')
      .leftJoin(CreditAccount, 'account', "entry.account = 'user:' || account.id")
      .where('entry.seq IS NOT NULL AND (account.id IS NULL OR entry.seq > account.seq)');
    return firstId(query);
  }

  /** A transfer that turns credits into dollars: each ledger keeps to itself. */
  async transferBetweenLedgers(): Promise<string | undefined> {
    const isDollars = `CASE WHEN ${dollarAccount('entry.account')} THEN 1 ELSE 0 END`;
    const query = this.from(CreditEntry, 'entry')
      .select('entry.transferId', 'id')
      .groupBy('entry.transferId')
      .having(`MIN(${isDollars}) <> MAX(${isDollars})`);
    return firstId(query);
  }

  /** A payment whose credits are not as many as its dollars, after all that came back. */
  async paymentWithOtherDollars(): Promise<string | undefined> {
    const credits = `CASE WHEN entry.seq IS NOT NULL AND transfer.code IN (:...codes) THEN entry.amountMicro ELSE 0 END`;
    const dollars = `CASE WHEN entry.account = 'sales' THEN entry.amountMicro ELSE 0 END`;
    const query = this.from(CreditEntry, 'entry')
      .innerJoin(CreditTransfer, 'transfer', 'transfer.id = entry.transferId')
      .select('transfer.reference', 'id')
      .where('transfer.reference IS NOT NULL')
      .groupBy('transfer.reference')
      .having(`SUM(${credits}) <> SUM(${dollars})`)
      .setParameters({ codes: [...PAID_CODES] });
    return firstId(query);
  }

  private from<T extends object>(entity: new () => T, alias: string): SelectQueryBuilder<T> {
    return this.unitOfWork.manager.createQueryBuilder(entity, alias);
  }
}

async function firstId<T extends object>(query: SelectQueryBuilder<T>): Promise<string | undefined> {
  const row = await query.limit(1).getRawOne<{ id: string }>();
  return row?.id;
}
