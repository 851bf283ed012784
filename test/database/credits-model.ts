import * as fc from 'fast-check';
import { expect } from 'vitest';
import { isDomainError } from '../../src/common/domain-error.js';
import { newId } from '../../src/common/id.js';
import { CreditsView } from '../../src/credits/credits.view.js';
import { AccountSettings } from '../../src/credits/ledger/account-settings.js';
import { HoldExpiry } from '../../src/credits/ledger/hold-expiry.js';
import type { TransferCode } from '../../src/credits/ledger/transfer-codes.js';
import type { TestDatabase } from '../support/databases.js';
import { createCredits, type Credits } from './credits-fixture.js';

interface ModelHold {
  amount: number;
  captured: number;
  isOpen: boolean;
  /** Has a lease, which `expire` lets run out. */
  isLeased: boolean;
}

/** What the ledger must say of one account, in the simplest possible code. */
class Model {
  posted = 0;
  cap = 0;
  floor = 0;
  forcedDebt = 0;
  used = 0;
  seq = 0;
  isFrozen = false;
  holds: ModelHold[] = [];

  get held(): number {
    return this.openHolds().reduce((sum, hold) => sum + hold.amount - hold.captured, 0);
  }

  openHolds(): ModelHold[] {
    return this.holds.filter((hold) => hold.isOpen);
  }

  canSpend(amount: number): boolean {
    return !this.isFrozen && this.posted - this.held - amount >= -this.cap;
  }

  credit(amount: number): void {
    this.posted += amount;
    this.forcedDebt = Math.max(0, this.forcedDebt - amount);
    this.seq++;
  }

  debit(amount: number): void {
    this.posted -= amount;
    this.seq++;
  }

  force(amount: number): void {
    this.debit(amount);
    const below = this.floor - (this.posted - this.held);
    if (below <= this.forcedDebt) return;
    this.forcedDebt = below;
    this.isFrozen = true;
  }

  capture(hold: ModelHold, amount: number): void {
    hold.captured += amount;
    this.used += amount;
    this.debit(amount);
  }

  setCap(cap: number): void {
    this.cap = cap;
    this.floor = Math.min(-cap, this.posted - this.held + this.forcedDebt);
  }
}

interface Real {
  database: TestDatabase;
  credits: Credits;
  userId: string;
  /** Ids of the holds, in the order of the model's. */
  holdIds: string[];
  /** The latest accepted call, to be repeated with the same key. */
  repeat?: () => Promise<unknown>;
}

type Step = (model: Model, real: Real) => Promise<void>;
type Command = fc.AsyncCommand<Model, Real>;

/** A step and then everything that must hold after any step. */
const command = (name: string, step: Step): Command => ({
  check: () => true,
  run: async (model, real) => {
    await step(model, real);
    await expectAgreement(model, real);
  },
  toString: () => name,
});

async function expectAgreement(model: Model, { credits, userId }: Real): Promise<void> {
  const balance = await credits.ledger.balanceOf(userId);
  const { posted, cap, forcedDebt, isFrozen, used, seq } = model;
  expect(balance).toMatchObject({
    capMicro: cap,
    forcedDebtMicro: forcedDebt,
    isFrozen,
    usedMicro: used,
    seq,
  });
  expect(balance).toMatchObject({ heldMicro: model.held, totalMicro: posted + used });
  expect(balance.spendableMicro).toBe(posted - model.held + cap);
  const view = CreditsView.from(balance);
  const micros = (field: 'total' | 'used' | 'held' | 'remaining' | 'overage'): number =>
    Number(view[`credits_${field}_micros`]);
  expect(micros('total') - micros('used') - micros('held')).toBe(micros('remaining') - micros('overage'));
  expect(micros('remaining') * micros('overage')).toBe(0);
  expect(posted - model.held + forcedDebt).toBeGreaterThanOrEqual(model.floor);
  expect(await credits.verifier.verifyAccount(userId)).toBeUndefined();
}

/** Does what `accept` says and remembers it for `duplicate`, or sees the refusal with one of `codes`. */
async function attempt(real: Real, call: () => Promise<unknown>, isAccepted: boolean, codes: string[]) {
  const outcome = await call().then(
    () => 'accepted',
    (error: unknown) => (isDomainError(error) ? error.code : String(error)),
  );
  expect(isAccepted ? ['accepted'] : codes).toContain(outcome);
  if (isAccepted) real.repeat = call;
}

const REFUSALS = ['insufficient_credits', 'account_frozen'];

const post =
  (code: TransferCode, sign: 1 | -1, amount: number, apply: (model: Model) => void): Step =>
  async (model, real) => {
    const posting = { userId: real.userId, amountMicro: sign * amount, code, idempotencyKey: newId() };
    const isAccepted = sign > 0 || code !== 'refund' || model.canSpend(amount);
    await attempt(real, () => real.credits.ledger.post(posting), isAccepted, REFUSALS);
    if (isAccepted) apply(model);
  };

const hold =
  (amount: number, isLeased: boolean): Step =>
  async (model, real) => {
    const { credits, userId, holdIds } = real;
    const leaseUntil = isLeased ? credits.clock.now() : undefined;
    const idempotencyKey = newId();
    const request = {
      userId,
      amountMicro: amount,
      purpose: 'requests',
      reference: 'r',
      idempotencyKey,
    } as const;
    const place = async (): Promise<void> => {
      const { id } = await credits.ledger.hold({ ...request, leaseUntil });
      if (!holdIds.includes(id)) holdIds.push(id);
    };
    const isAccepted = model.canSpend(amount);
    await attempt(real, place, isAccepted, REFUSALS);
    if (isAccepted) model.holds.push({ amount, captured: 0, isOpen: true, isLeased });
  };

/** Picks any of the holds made so far, closed ones included. */
const onHold =
  (index: number, step: (hold: ModelHold, id: string, model: Model, real: Real) => Promise<void>): Step =>
  async (model, real) => {
    const position = model.holds.length ? index % model.holds.length : -1;
    const picked = model.holds[position];
    if (picked) await step(picked, real.holdIds[position], model, real);
  };

const extend = (index: number, by: number): Step =>
  onHold(index, async (picked, id, model, { credits }) => {
    const extension = credits.ledger.extendHold(id, by);
    if (!picked.isOpen) return expect(extension).rejects.toMatchObject({ code: 'hold_not_open' });
    expect(await extension).toBe(model.canSpend(by));
    if (model.canSpend(by)) picked.amount += by;
  });

const capture = (index: number, amount: number): Step =>
  onHold(index, async (picked, holdId, model, real) => {
    const input = { holdId, amountMicro: amount, code: 'gpu_usage', idempotencyKey: newId() } as const;
    const isAccepted = picked.isOpen && amount <= picked.amount - picked.captured;
    const codes = [picked.isOpen ? 'hold_exceeded' : 'hold_not_open'];
    await attempt(real, () => real.credits.ledger.captureFromHold(input), isAccepted, codes);
    if (isAccepted) model.capture(picked, amount);
  });

const settle = (index: number, share: number): Step =>
  onHold(index, async (picked, id, model, real) => {
    if (!picked.isOpen) return;
    const amount = Math.floor((picked.amount - picked.captured) * share);
    await attempt(real, () => real.credits.ledger.settle(id, amount, { code: 'gpu_usage' }), true, []);
    if (amount > 0) model.capture(picked, amount);
    picked.isOpen = false;
  });

const settleTooMuch = (index: number): Step =>
  onHold(index, async (picked, id, _, real) => {
    const amount = picked.amount - picked.captured + 1;
    const codes = ['hold_exceeded', 'hold_not_open', 'idempotency_mismatch'];
    await attempt(real, () => real.credits.ledger.settle(id, amount, { code: 'gpu_usage' }), false, codes);
  });

const voidHold = (index: number): Step =>
  onHold(index, async (picked, id, _, real) => {
    if (!picked.isOpen) return;
    await attempt(real, () => real.credits.ledger.voidHold(id), true, []);
    picked.isOpen = false;
  });

const expire: Step = async (model, { credits }) => {
  credits.clock.advance(1);
  await credits.get(HoldExpiry).expireDue(new AbortController().signal);
  for (const leased of model.openHolds().filter(({ isLeased }) => isLeased)) leased.isOpen = false;
};

const setCap =
  (cap: number): Step =>
  async (model, { credits, userId }) => {
    await credits.get(AccountSettings).setCap(userId, cap);
    model.setCap(cap);
  };

const unfreeze: Step = async (model, { credits, userId }) => {
  await credits.get(AccountSettings).setFrozen(userId, false);
  model.isFrozen = false;
};

/** The last accepted call again: nothing may change. */
const duplicate: Step = async (_, { repeat }) => {
  await repeat?.();
};

/** Another process goes on where this one was. */
const restart: Step = async (_, real) => {
  const now = real.credits.clock.now();
  real.credits = await createCredits(real.database);
  real.credits.clock.advance(now - real.credits.clock.now());
  real.repeat = undefined;
};

const amounts = fc.integer({ min: 1, max: 100 });
const indices = fc.nat(7);
const amountCommand = (name: string, step: (amount: number) => Step): fc.Arbitrary<Command> =>
  amounts.map((amount) => command(`${name}(${amount})`, step(amount)));
const indexCommand = (name: string, step: (index: number) => Step): fc.Arbitrary<Command> =>
  indices.map((index) => command(`${name}(#${index})`, step(index)));
const holdCommand = (name: string, step: (index: number, amount: number) => Step): fc.Arbitrary<Command> =>
  fc
    .tuple(indices, amounts)
    .map(([index, amount]) => command(`${name}(#${index}, ${amount})`, step(index, amount)));

const COMMANDS: fc.Arbitrary<Command>[] = [
  amountCommand('topup', (amount) => post('purchase', 1, amount, (model) => model.credit(amount))),
  amountCommand('grant', (amount) => post('grant', 1, amount, (model) => model.credit(amount))),
  amountCommand('refund', (amount) => post('refund', -1, amount, (model) => model.debit(amount))),
  amountCommand('chargeback', (amount) => post('chargeback', -1, amount, (model) => model.force(amount))),
  amountCommand('hold', (amount) => hold(amount, false)),
  amountCommand('leasedHold', (amount) => hold(amount, true)),
  holdCommand('extend', extend),
  holdCommand('capture', capture),
  fc
    .tuple(indices, fc.constantFrom(0, 0.3, 1))
    .map(([index, share]) => command(`settle(#${index}, ${share})`, settle(index, share))),
  indexCommand('settleTooMuch', settleTooMuch),
  indexCommand('void', voidHold),
  fc.constant(command('expire', expire)),
  fc.constantFrom(0, 20, 50).map((cap) => command(`setCap(${cap})`, setCap(cap))),
  fc.constant(command('unfreeze', unfreeze)),
  fc.constant(command('duplicate', duplicate)),
  fc.constant(command('restart', restart)),
];

/** Runs random sequences of commands, each on a new account, against the model. A failure prints how to repeat it. */
export async function checkAgainstModel(
  database: TestDatabase,
  options: { numRuns: number; seed: number },
): Promise<void> {
  const credits = await createCredits(database);
  const sequences = fc.commands(COMMANDS, { maxCommands: 20, size: 'max' });
  const property = fc.asyncProperty(sequences, async (commands) => {
    const start = () => ({
      model: new Model(),
      real: { database, credits, userId: newId(), holdIds: [] } satisfies Real,
    });
    await fc.asyncModelRun(start, commands);
  });
  await fc.assert(property, { ...options, endOnFailure: options.numRuns > 1000 });
}
