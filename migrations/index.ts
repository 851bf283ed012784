import type { MigrationInterface } from 'typeorm';
import { JobsAndIdempotency1764000000010 } from './1764000000010-jobs-and-idempotency.js';
import { Users1764000000100 } from './1764000000100-users.js';
import { Sessions1764000000110 } from './1764000000110-sessions.js';
import { ApiKeys1764000000120 } from './1764000000120-api-keys.js';
import { KeyLimits1764000000121 } from './1764000000121-key-limits.js';
import { Credits1764000000200 } from './1764000000200-credits.js';
import { RequestBlocks1764000000210 } from './1764000000210-request-blocks.js';
import { UnitEconomics1764000000211 } from './1764000000211-unit-economics.js';
import { Quotas1764000000212 } from './1764000000212-quotas.js';
import { AutoRenew1764000000213 } from './1764000000213-auto-renew.js';
import { KeyBudgets1764000000214 } from './1764000000214-key-budgets.js';
import { CashBook1764000000220 } from './1764000000220-cash-book.js';
import { StaticContracts1764000000250 } from './1764000000250-static-contracts.js';
import { Gpu1764000000300 } from './1764000000300-gpu.js';
import { FarmBills1764000000310 } from './1764000000310-farm-bills.js';
import { BalancingPreferences1764000000350 } from './1764000000350-balancing-preferences.js';
import { Mcp1764000000410 } from './1764000000410-mcp.js';
import { Payments1764000000500 } from './1764000000500-payments.js';
import { Crypto1764000000600 } from './1764000000600-crypto.js';
import { PaymentRecords1764000000510 } from './1764000000510-payment-records.js';
import { Streaming1764000000700 } from './1764000000700-streaming.js';
import { StreamStates1764000000710 } from './1764000000710-stream-states.js';
import { Audit1764000000800 } from './1764000000800-audit.js';
import { AccountDeletions1764000000810 } from './1764000000810-account-deletions.js';

type MigrationClass = new () => MigrationInterface;

/** Every change of the schema, oldest first. The same list runs on SQLite and on PostgreSQL. */
export const MIGRATIONS: readonly MigrationClass[] = [
  // One a line; modules append theirs in the order of the timestamps.
  JobsAndIdempotency1764000000010,
  Users1764000000100,
  Sessions1764000000110,
  ApiKeys1764000000120,
  KeyLimits1764000000121,
  Credits1764000000200,
  RequestBlocks1764000000210,
  UnitEconomics1764000000211,
  Quotas1764000000212,
  AutoRenew1764000000213,
  KeyBudgets1764000000214,
  CashBook1764000000220,
  StaticContracts1764000000250,
  Gpu1764000000300,
  FarmBills1764000000310,
  BalancingPreferences1764000000350,
  Mcp1764000000410,
  Payments1764000000500,
  PaymentRecords1764000000510,
  Crypto1764000000600,
  Streaming1764000000700,
  StreamStates1764000000710,
  Audit1764000000800,
  AccountDeletions1764000000810,
];
