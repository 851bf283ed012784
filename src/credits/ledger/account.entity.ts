import { Entity } from 'typeorm';
import { Amount, Count, Flag, Id, Instant, Text } from '../../database/columns.js';

/** A user's credit account. What may be spent = posted - held + cap. */
@Entity('credit_accounts')
export class CreditAccount {
  /** The user's id. No foreign key: the ledger outlives the user. */
  @Id()
  id: string;

  /** Sum of the account's entries; negative while in overage. */
  @Amount()
  postedMicro: number;

  /** Sum of what the open holds have left. */
  @Amount()
  heldMicro: number;

  /** Most overage allowed to new debits and holds; 0 = prepaid. */
  @Amount()
  capMicro: number;

  /** Least value of posted - held + forced debt: -cap, or lower when the cap was lowered during overage. */
  @Amount()
  floorMicro: number;

  /** Part of the overage that chargebacks and corrections forced past the floor; top-ups pay it first. */
  @Amount()
  forcedDebtMicro: number;

  /** Usage charged since the account exists. */
  @Amount()
  usedMicro: number;

  /** No new debits and holds; what is held can still be settled. */
  @Flag()
  isFrozen: boolean;

  @Flag()
  hasAutoRenew: boolean;

  /** The sign-up credits are posted, or it is decided that there are none. */
  @Flag()
  isSignupSettled: boolean;

  /** The owner has been told that the runway is short. */
  @Flag()
  isLowWarned: boolean;

  /** Number of entries of the account = `seq` of its last one. */
  @Count()
  seq: number;

  /** Hash of the last entry, the end of the account's chain. */
  @Text({ length: 64 })
  lastHash: string;

  @Instant()
  createdAt: number;
}

/** What a new hold or debit may take; negative when the overage is beyond the cap. */
export function spendableOf({ postedMicro, heldMicro, capMicro }: CreditAccount): number {
  return postedMicro - heldMicro + capMicro;
}
