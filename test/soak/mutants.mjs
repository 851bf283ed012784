// Guards of money, and how each is broken. `find` has to be there exactly once, so that a mutant never outlives its guard.
const LEDGER = [
  'credits-ledger',
  'credits-schema',
  'credits-concurrency',
  'credits-model',
  'credits-tampering',
];
const METERING = ['credits-metering'];
const REQUESTS = ['credits-requests', 'credits-request-processes', 'credits-request-streams'];
const PAYMENTS = ['billing-payments', 'billing-callbacks', 'billing-poll'];
const REFUNDS = ['billing-refunds', 'billing-disputes'];
const DRIVER = ['sqlite-driver', 'sqlite-processes', 'transactions'];
const KEYS = ['idempotency'];

const ledger = (file) => `src/credits/ledger/${file}.ts`;
const accounts = ledger('account.repository');
const holds = ledger('hold.repository');
const keeper = ledger('hold-keeper');
const poster = ledger('poster');
const rows = ledger('posting-rows');
const group = ledger('group-commit');
const chain = ledger('chain-check');
const findings = ledger('ledger-findings.repository');
const schema = 'migrations/1764000000200-credits.ts';
const meters = 'src/credits/metering/rental-meter.repository.ts';
const ticker = 'src/credits/metering/rental-ticker.ts';
const settlement = 'src/credits/metering/rental-settlement.ts';
const blocks = 'src/credits/requests/request-block.repository.ts';
const payments = 'src/billing/payments/payment.repository.ts';
const driver = 'src/database/sqlite/pooled-sqlite.driver.ts';
const runner = 'src/database/sqlite/pooled-sqlite.query-runner.ts';
const idempotency = 'src/database/idempotency.service.ts';
const idempotencyKeys = 'src/database/idempotency-key.repository.ts';

const mutant = (tests, name, file, find, replace) => ({ tests, name, file, find, replace });

export const MUTANTS = [
  // The debit
  mutant(
    LEDGER,
    'no floor',
    accounts,
    'is_frozen = false AND posted_micro - held_micro - :amount >= -cap_micro',
    'is_frozen = false',
  ),
  mutant(LEDGER, 'frozen accounts spend', accounts, "'is_frozen = false AND posted_micro", "'posted_micro"),
  mutant(
    LEDGER,
    'what is held can be spent again',
    accounts,
    'posted_micro - held_micro - :amount >=',
    'posted_micro - :amount >=',
  ),
  mutant(
    LEDGER,
    'the last micro-credit cannot be spent',
    accounts,
    ':amount >= -cap_micro',
    ':amount > -cap_micro',
  ),
  mutant(LEDGER, 'no overage', accounts, '>= -cap_micro', '>= 0'),
  mutant(
    LEDGER,
    'a refused change counts as done',
    accounts,
    'return affected === 1;',
    'return affected !== -1;',
  ),
  mutant(
    LEDGER,
    'a charge leaves its hold held',
    accounts,
    "{ ...SPENT, heldMicro: 'held_micro - :amount' }",
    '{ ...SPENT }',
  ),
  mutant(
    LEDGER,
    'freeing holds more',
    accounts,
    "{ amount }, { heldMicro: 'held_micro - :amount' }",
    "{ amount }, { heldMicro: 'held_micro + :amount' }",
  ),
  mutant(
    LEDGER,
    'a charge has no number',
    accounts,
    "usedMicro: 'used_micro + :used',\n  seq: 'seq + 1',\n};\n\nconst PASSES_FLOOR",
    "usedMicro: 'used_micro + :used',\n};\n\nconst PASSES_FLOOR",
  ),
  mutant(
    LEDGER,
    'usage is not counted',
    accounts,
    "postedMicro: 'posted_micro - :amount',\n  usedMicro: 'used_micro + :used',",
    "postedMicro: 'posted_micro - :amount',",
  ),
  mutant(
    LEDGER,
    'a forced charge does not freeze',
    accounts,
    'THEN true ELSE is_frozen END',
    'THEN is_frozen ELSE is_frozen END',
  ),
  mutant(
    LEDGER,
    'forced debt is not noted',
    accounts,
    'THEN floor_micro - (posted_micro - :amount - held_micro) ELSE',
    'THEN forced_debt_micro ELSE',
  ),
  mutant(
    LEDGER,
    'top-ups do not pay forced debt',
    accounts,
    "forcedDebtMicro: 'CASE WHEN forced_debt_micro > :amount THEN forced_debt_micro - :amount ELSE 0 END',",
    '',
  ),
  mutant(
    LEDGER,
    'a lowered cap moves the floor past the account',
    accounts,
    'THEN posted_micro - held_micro + forced_debt_micro ELSE :floor END',
    'THEN :floor ELSE :floor END',
  ),
  mutant(LEDGER, 'a group overwrites who came in between', accounts, "'seq = :seenSeq'", "'true'"),
  mutant(
    LEDGER,
    'a group frees nothing',
    accounts,
    "heldMicro: 'held_micro - :freed'",
    "heldMicro: 'held_micro'",
  ),
  mutant(LEDGER, 'the sign-up credits are claimed again', accounts, "'is_signup_settled = false'", "'true'"),
  // Holds
  mutant(
    LEDGER,
    'closed holds change',
    holds,
    "id = :id AND state = 'open' AND ${condition}",
    'id = :id AND ${condition}',
  ),
  mutant(
    LEDGER,
    'a charge may exceed its hold',
    holds,
    "'captured_micro + :amount <= amount_micro'",
    "'true'",
  ),
  mutant(
    LEDGER,
    'a hold closes twice',
    holds,
    "manager.update(CreditHold, { id, state: 'open' }, end)",
    'manager.update(CreditHold, { id }, end)',
  ),
  mutant(
    LEDGER,
    'a group closes holds that have changed',
    holds,
    ".andWhere(`amount_micro = ${cases('amount')} AND captured_micro = ${cases('captured')}`)",
    '',
  ),
  mutant(
    LEDGER,
    'a group closes closed holds',
    holds,
    "id IN (:...ids) AND state = 'open'",
    'id IN (:...ids)',
  ),
  mutant(
    LEDGER,
    'holds expire before their time',
    holds,
    ', leaseUntil: LessThan(now) }',
    ', leaseUntil: LessThan(now + 1e12) }',
  ),
  mutant(LEDGER, 'a key holds twice', keeper, 'if (standing.id !== hold.id) return standing;', ''),
  mutant(
    LEDGER,
    'a key holds something else',
    keeper,
    'if (standing.inputHash !== hold.inputHash) throw idempotencyMismatch();',
    '',
  ),
  mutant(
    LEDGER,
    'a refused extension stays in the hold',
    keeper,
    'await this.holds.extend(holdId, -byMicro, manager);',
    '',
  ),
  mutant(
    LEDGER,
    'closing frees nothing',
    keeper,
    'await this.accounts.release(hold.userId, remainingOf(hold), manager);',
    '',
  ),
  mutant(
    LEDGER,
    'a hold settles twice',
    keeper,
    "if (hold.state !== 'settled' || hold.settledMicro !== amountMicro) throw holdNotOpen();",
    '',
  ),
  mutant(
    LEDGER,
    'what is settled can be voided',
    keeper,
    "if ((await this.get(holdId, manager)).state === 'settled') throw holdNotOpen();",
    '',
  ),
  mutant(
    [...LEDGER, ...REQUESTS],
    'shrinking frees nothing',
    keeper,
    'await this.accounts.release(hold.userId, byMicro, manager);',
    '',
  ),
  // Postings
  mutant(
    LEDGER,
    'a key posts twice',
    poster,
    'if (standing.id !== transfer.id) return { transferId: standing.id, isReplay: true };',
    '',
  ),
  mutant(
    LEDGER,
    'a key posts something else',
    poster,
    'if (standing.inputHash !== transfer.inputHash) throw idempotencyMismatch();',
    '',
  ),
  mutant(
    LEDGER,
    'a refused debit is posted',
    poster,
    'else if (!(await this.accounts.debit(userId, amount, used, manager)))',
    'else if (!(await this.accounts.debit(userId, amount, used, manager)) && amount < 0)',
  ),
  mutant(
    LEDGER,
    'a refused charge of a hold is posted',
    poster,
    'if (!(await this.holds.capture(holdId, amount, manager))) {',
    'if (!(await this.holds.capture(holdId, amount, manager)) && amount < 0) {',
  ),
  mutant(
    LEDGER,
    'the chain has no end',
    poster,
    'await this.accounts.setLastHash(account.id, entries[0].hash, manager);',
    '',
  ),
  mutant(
    LEDGER,
    'both sides have one sign',
    rows,
    'amountMicro: -amountMicro,\n    createdAt,',
    'amountMicro,\n    createdAt,',
  ),
  mutant(LEDGER, 'any sign for any code', rows, 'requireFittingAmount(posting);\n', '\n'),
  mutant(
    LEDGER,
    'the amount is no part of the input',
    rows,
    'inputHash([userId, amountMicro, code,',
    'inputHash([userId, code,',
  ),
  mutant(
    LEDGER,
    'the hold is no part of the input',
    rows,
    'counterAccountOf(posting), holdId, reference]',
    'counterAccountOf(posting), reference]',
  ),
  mutant(
    LEDGER,
    'a group charges more than a hold has',
    group,
    "throw new NotTogether('a charge is more than its hold has');",
    'void 0;',
  ),
  mutant(
    LEDGER,
    'a group settles holds that are closed',
    group,
    "if (closed !== settles.length) throw new NotTogether('a hold is not as it was seen');",
    'void closed;',
  ),
  mutant(
    LEDGER,
    'a group holds without funds',
    group,
    'if (await this.accounts.reserve(userId, heldMicro, manager)) return placed;',
    'if ((await this.accounts.reserve(userId, heldMicro, manager)) || placed.length > 1) return placed;',
  ),
  mutant(
    LEDGER,
    'a group goes on after somebody else',
    group,
    'if (await this.accounts.moveOn(account, standing, freedMicro, manager)) return;',
    'if ((await this.accounts.moveOn(account, standing, freedMicro, manager)) || settles.length > 0) return;',
  ),
  mutant(LEDGER, 'a group does not count usage', group, '(isUsage(posting) ? amountMicro : 0)', '0'),
  // The verifier
  mutant(
    ['credits-tampering'],
    'a gap is not seen',
    chain,
    "if (entry.seq !== this.seq + 1) return 'the entry is missing';",
    '',
  ),
  mutant(
    ['credits-tampering'],
    'a balance is not recomputed',
    chain,
    "if (entry.balanceAfterMicro !== this.balance) return 'the balance is wrong';",
    '',
  ),
  mutant(
    ['credits-tampering'],
    'a hash is not recomputed',
    chain,
    "if (entry.hash !== entryHash(entry, transfer, legs)) return 'the hash is wrong';",
    '',
  ),
  mutant(
    ['credits-tampering'],
    'the balance of the account is not compared',
    chain,
    'if (postedMicro !== this.balance)',
    'if (postedMicro === undefined)',
  ),
  mutant(
    ['credits-tampering'],
    'the usage of the account is not compared',
    chain,
    'if (usedMicro !== this.used)',
    'if (usedMicro === undefined)',
  ),
  mutant(
    ['credits-tampering'],
    'the end of the chain is not compared',
    chain,
    'if (lastHash !== this.hash)',
    'if (lastHash === undefined)',
  ),
  mutant(
    ['credits-tampering'],
    'sides that do not add up',
    findings,
    'COUNT(entry.id) < 2 OR SUM(entry.amountMicro) <> 0',
    'COUNT(entry.id) < 0',
  ),
  mutant(
    ['credits-tampering'],
    'held amounts are not compared',
    findings,
    "'account.heldMicro <> COALESCE(SUM(hold.amountMicro - hold.capturedMicro), 0)'",
    "'account.heldMicro < 0'",
  ),
  mutant(
    ['credits-tampering'],
    'charges of holds are not compared',
    findings,
    "'hold.capturedMicro <> COALESCE(-SUM(entry.amountMicro), 0)'",
    "'hold.capturedMicro < 0'",
  ),
  mutant(
    ['credits-tampering'],
    'entries past the end are not seen',
    findings,
    'account.id IS NULL OR entry.seq > account.seq',
    'account.id IS NULL',
  ),
  // What the database holds
  mutant(
    LEDGER,
    'postings can be changed',
    schema,
    "table.check('amount', 'amount_micro <> 0');\n    table.check('chained', \"(account LIKE 'user:%') = (seq IS NOT NULL AND hash IS NOT NULL)\");\n    table.appendOnly();",
    "table.check('amount', 'amount_micro <> 0');\n    table.check('chained', \"(account LIKE 'user:%') = (seq IS NOT NULL AND hash IS NOT NULL)\");",
  ),
  mutant(
    LEDGER,
    'transfers can be changed',
    schema,
    "table.check('code', `code IN (${CODES.map((code) => `'${code}'`).join(', ')})`);\n    table.appendOnly();",
    "table.check('code', `code IN (${CODES.map((code) => `'${code}'`).join(', ')})`);",
  ),
  mutant(LEDGER, 'a posting key is not unique', schema, "table.unique(['account', 'idempotency_key']);", ''),
  mutant(LEDGER, 'a hold key is not unique', schema, "table.unique(['user_id', 'idempotency_key']);", ''),
  mutant(LEDGER, 'a number in the sequence is not unique', schema, "table.unique(['account', 'seq']);", ''),
  mutant(LEDGER, 'held may be negative', schema, "table.check('held', 'held_micro >= 0');", ''),
  mutant(
    LEDGER,
    'the floor is not held',
    schema,
    "table.check('floor', 'posted_micro - held_micro + forced_debt_micro >= floor_micro');",
    '',
  ),
  mutant(
    LEDGER,
    'a hold may be charged beyond its amount',
    schema,
    "table.check('captured', 'captured_micro >= 0 AND captured_micro <= amount_micro');",
    '',
  ),
  // Rentals
  mutant(
    METERING,
    'a tick is charged by everybody',
    meters,
    "const where = { rentalId, billedThrough, state: 'running' as const };",
    "const where = { rentalId, state: 'running' as const };",
  ),
  mutant(
    METERING,
    'a rental finishes twice',
    meters,
    "const where = { rentalId, state: In(['authorized', 'running', 'exhausted']) };",
    'const where = { rentalId };',
  ),
  mutant(
    METERING,
    'a rental starts twice',
    meters,
    "{ rentalId, state: 'authorized' }, start",
    '{ rentalId }, start',
  ),
  mutant(
    METERING,
    'ticks forget what is posted',
    ticker,
    'costThrough(meter, nowMs) - meter.chargedMicro',
    'costThrough(meter, nowMs)',
  ),
  mutant(METERING, 'a tick charges what is not held', ticker, 'Math.min(due, available)', 'due'),
  mutant(
    METERING,
    'no runway is held',
    ticker,
    'due + reserveAfter(meter, nowMs, runwayMsOf(this.config)) - remaining',
    'due - remaining',
  ),
  mutant(
    METERING,
    'the end forgets what is posted',
    settlement,
    'costAtEnd(meter, endedAtMs) - meter.chargedMicro',
    'costAtEnd(meter, endedAtMs)',
  ),
  mutant(
    METERING,
    'nothing is given back',
    settlement,
    'if (due < 0) await this.giveBack(meter, -due, endedAtMs, manager);',
    '',
  ),
  mutant(METERING, 'the end charges what is not held', settlement, 'Math.min(due, remaining + added)', 'due'),
  // Requests
  mutant(
    REQUESTS,
    'a block changes after it was closed',
    blocks,
    "{ holdId, ownerId, state: 'open' }, change",
    '{ holdId, ownerId }, change',
  ),
  mutant(
    REQUESTS,
    'a stranger changes a block',
    blocks,
    "{ holdId, ownerId, state: 'open' }, change",
    "{ holdId, state: 'open' }, change",
  ),
  mutant(
    REQUESTS,
    'a living block is reaped',
    blocks,
    "const where = { holdId, leaseUntil, state: 'open' as const };",
    "const where = { holdId, state: 'open' as const };",
  ),
  mutant(
    REQUESTS,
    'blocks are orphans at once',
    blocks,
    'leaseUntil: LessThan(now) }',
    'leaseUntil: LessThan(now + 1e12) }',
  ),
  mutant(
    REQUESTS,
    'a block is charged from its beginning',
    'src/credits/requests/block-charge.ts',
    'spentMicro - hold.capturedMicro',
    'spentMicro',
  ),
  mutant(
    REQUESTS,
    'an orphan is charged beyond its hold',
    'src/credits/requests/block-reaper.ts',
    'Math.min(charge.amountMicro, remainingOf(hold))',
    'hold.amountMicro',
  ),
  // Payments
  mutant(
    PAYMENTS,
    'a payment changes from any status',
    payments,
    'manager.update(Payment, { id, status: In(from) }, set)',
    'manager.update(Payment, { id }, set)',
  ),
  mutant(
    REFUNDS,
    'more is refunded than was paid',
    payments,
    'refunded_micro + :amountMicro <= credited_micro AND',
    '',
  ),
  mutant(
    PAYMENTS,
    'a payment is credited twice',
    'src/billing/payments/payment-settlement.ts',
    'if (!(await this.payments.change(id, UNPAID_STATUSES, completed, manager))) return false;',
    'await this.payments.change(id, UNPAID_STATUSES, completed, manager);',
  ),
  mutant(
    PAYMENTS,
    'two workers handle one call-back',
    'src/billing/webhooks/callback.repository.ts',
    "{ id, attempts, state: 'new' },\n      { attempts",
    "{ id, state: 'new' },\n      { attempts",
  ),
  // Idempotency keys
  mutant(
    KEYS,
    'a key stands for anything',
    idempotency,
    'if (existing.inputHash !== mine.inputHash) throw idempotencyMismatch();',
    '',
  ),
  mutant(
    KEYS,
    'a key runs twice at a time',
    idempotency,
    'if (leftMs > 0) throw',
    'if (leftMs > 1e12) throw',
  ),
  mutant(
    KEYS,
    'two take over from the dead',
    idempotencyKeys,
    "const dead = { id, attemptId: deadAttempt, state: 'running' as const };",
    "const dead = { id, state: 'running' as const };",
  ),
  mutant(
    KEYS,
    'the dead write their outcome',
    idempotencyKeys,
    'update.where({ id, attemptId }).execute()',
    'update.where({ id }).execute()',
  ),
  mutant(
    KEYS,
    'a lost database frees the key',
    idempotency,
    "|| isDomainError(error, 'database_unavailable')",
    '',
  ),
  // SQLite
  mutant(DRIVER, 'two writers', driver, "this.queue('write', 1)", "this.queue('write', 2)"),
  mutant(DRIVER, 'transactions take no lock at first', runner, "'BEGIN IMMEDIATE'", "'BEGIN'"),
  mutant(
    DRIVER,
    'a lost transaction goes on',
    runner,
    "if (this.isDoomed && sql !== 'ROLLBACK') throw databaseUnavailable(new Error('transaction was lost'));",
    '',
  ),
  mutant(
    DRIVER,
    'commits wait for no disk',
    'src/database/sqlite/sqlite-connection.ts',
    "await executeSqlite(connection, 'PRAGMA synchronous = FULL');",
    '',
  ),
];
