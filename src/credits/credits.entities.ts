import { AutoRenewRule } from './auto-renew/auto-renew-rule.entity.js';
import { CreditAccount } from './ledger/account.entity.js';
import { CreditEntry } from './ledger/entry.entity.js';
import { CreditHold } from './ledger/hold.entity.js';
import { CreditTransfer } from './ledger/transfer.entity.js';
import { RentalMeter } from './metering/rental-meter.entity.js';
import { CreditQuota } from './quotas/credit-quota.entity.js';
import { KeyBudget } from './requests/key-budget.entity.js';
import { RequestBlock } from './requests/request-block.entity.js';
import { CreditSession } from './usage/credit-session.entity.js';
import { UsageRecord } from './usage/usage-record.entity.js';

/** The tables of this module. */
export const CREDITS_ENTITIES = [
  CreditAccount,
  CreditHold,
  CreditTransfer,
  CreditEntry,
  RentalMeter,
  RequestBlock,
  KeyBudget,
  CreditQuota,
  AutoRenewRule,
  UsageRecord,
  CreditSession,
];
