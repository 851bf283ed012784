/**
 * Accounts of the platform: the other side of every transfer of credits, and those of dollars. They keep no running balance (it would be the one row
 * that everybody waits for): what they hold is the sum of their entries.
 */
export type PlatformAccount =
  | 'grant:promo'
  | 'issue'
  | 'revenue:gpu'
  | 'revenue:request'
  | 'refund'
  | 'dispute'
  | 'writeoff'
  | DollarAccount;

/** Where the money of a processor is until it is paid out. */
export type ClearingAccount = `clearing:${string}`;

/**
 * Accounts of the second ledger, real money: what was sold, over whom it was paid, what a farm has taken for rentals and
 * what is owed to it for that. No transfer has sides in both ledgers.
 */
export type DollarAccount = 'sales' | ClearingAccount | `cogs:${string}` | `payable:${string}`;

interface TransferRule {
  /** The other side, unless the transfer names one. */
  counterAccount: PlatformAccount;
  /** Seen from the user's account. */
  direction: 'in' | 'out' | 'either';
  /** Counts as use of the product (`credits_used`), not as a change of what was allocated. */
  isUsage: boolean;
  /** May take the account below its allowed overage: the excess becomes forced debt and freezes it. */
  mayPassFloor: boolean;
}

const rule = (
  direction: TransferRule['direction'],
  counterAccount: PlatformAccount,
  extra: Partial<TransferRule> = {},
): TransferRule => ({ direction, counterAccount, isUsage: false, mayPassFloor: false, ...extra });

/** Every reason why a user's credits move: a closed set, held by the database too. */
export const TRANSFER_CODES = {
  signup_grant: rule('in', 'grant:promo'),
  grant: rule('in', 'grant:promo'),
  purchase: rule('in', 'issue'),
  renewal: rule('in', 'issue'),
  gpu_usage: rule('out', 'revenue:gpu', { isUsage: true }),
  request_usage: rule('out', 'revenue:request', { isUsage: true }),
  /** Gives back what a usage charge took too much; names the account that the charge went to. */
  usage_refund: rule('in', 'revenue:gpu', { isUsage: true }),
  refund: rule('out', 'refund'),
  refund_reversal: rule('in', 'refund'),
  refund_clawback: rule('out', 'refund', { mayPassFloor: true }),
  chargeback: rule('out', 'dispute', { mayPassFloor: true }),
  chargeback_reversal: rule('in', 'dispute'),
  admin_correction: rule('either', 'writeoff', { mayPassFloor: true }),
  writeoff: rule('in', 'writeoff'),
} as const satisfies Record<string, TransferRule>;

/** Movements of users' credits. */
export type TransferCode = keyof typeof TRANSFER_CODES;
/** Movements of dollars, between accounts of the platform. */
export type PlatformCode = 'gpu_cost' | 'payment' | 'payment_return';

export function ruleOf(code: TransferCode): TransferRule {
  return TRANSFER_CODES[code];
}

/** Whether a posted code, as it was read, counts as use of the product. */
export function isUsage(code: TransferCode | PlatformCode): boolean {
  return code in TRANSFER_CODES && ruleOf(code as TransferCode).isUsage;
}

/** Whether a column names a DollarAccount, in SQL. */
export function dollarAccount(column: string): string {
  const isOneOf = ['clearing', 'cogs', 'payable'].map((kind) => `${column} LIKE '${kind}:%'`);
  return `(${column} = 'sales' OR ${isOneOf.join(' OR ')})`;
}

/** How a user's account is called in entries and transfers. */
export function userAccount(userId: string): string {
  return `user:${userId}`;
}
