import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { microFromDollars } from '../../src/common/money.js';
import { CreditEntry } from '../../src/credits/ledger/entry.entity.js';
import { priceMicroPerHour } from '../../src/credits/pricing.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { createCredits, CREDIT, CREDITS_SCHEMA, type Credits } from '../database/credits-fixture.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';
import { untilNothingIsRented } from '../support/rental-views.js';
import {
  deployIoNet,
  ioNetCaller,
  ioNetUrl,
  rentVast,
  vastCaller,
  vastIn,
} from '../support/sandbox-client.js';

const HOUR = 3_600_000;
const MARKUP_PERCENT = 25;

async function sumOf(unitOfWork: UnitOfWork, prefix: string): Promise<number> {
  const entries = await unitOfWork.manager.find(CreditEntry, {});
  const ours = entries.filter(({ account }) => account.startsWith(prefix));
  return ours.reduce((sum, { amountMicro }) => sum + amountMicro, 0);
}

describe('our books and the farms’ over hours', () => {
  let sandbox: Sandbox;
  let database: TestDatabase;
  let credits: Credits;

  beforeAll(async () => {
    sandbox = await startSandbox({ timeScale: 2000, rateScale: 0, machines: 'none' });
    database = await openTestDatabase('sqlite', CREDITS_SCHEMA);
    credits = await createCredits(database, { markupPercent: MARKUP_PERCENT });
  });
  afterAll(async () => {
    await sandbox.close();
    await database.close();
  });

  /** A rental that our meter and the farm see running from the same moment. */
  const start = async (provider: string, dollarsPerHour: number, minimumHours: number): Promise<string> => {
    const userId = await credits.userWith(1000);
    const rentalId = newId();
    await credits.meter.authorize({
      rentalId,
      userId,
      provider,
      minimumHours,
      pricePerHourMicro: priceMicroPerHour(dollarsPerHour, MARKUP_PERCENT),
      providerPricePerHourMicro: microFromDollars(dollarsPerHour),
    });
    await credits.meter.start(rentalId, credits.clock.now());
    return rentalId;
  };
  const pass = (ms: number): void => {
    sandbox.clock.skip(ms);
    credits.clock.advance(ms);
  };
  const finish = (rentalId: string) => credits.meter.finish(rentalId, credits.clock.now());

  it.each([
    [0.25, 27014087],
    [2.5, 27011129],
    [9, 27007023],
  ])('agree on %s h at vast.ai to a hundredth of a percent and some seconds', async (hours, ask) => {
    const contract = await rentVast(sandbox, ask, { disk: 60 });
    const row = await vastIn(sandbox, contract, 'running');
    const billed = (): number => {
      const { active, ended } = sandbox.vastAi.control.books();
      return [...active, ...ended].find(({ id }) => id === String(contract))?.billedMicro ?? Number.NaN;
    };
    const before = [billed(), await sumOf(database.unitOfWork, 'payable:vast.ai')];
    const rentalId = await start('vast.ai', row.dph_total, 0);
    pass((hours * HOUR) / 2);
    await credits.meter.tick(rentalId, credits.clock.now());
    pass((hours * HOUR) / 2);
    const { chargedMicro } = await finish(rentalId);
    const farm = billed() - before[0];
    await vastCaller(sandbox)('DELETE', `/api/v0/instances/${contract}/`);
    const ours = (await sumOf(database.unitOfWork, 'payable:vast.ai')) - before[1];
    const someSeconds = (row.dph_total * CREDIT * 5) / 3600;
    expect(Math.abs(ours - farm)).toBeLessThan(farm * 0.0001 + someSeconds);
    expect(chargedMicro / ours).toBeCloseTo(1 + MARKUP_PERCENT / 100, 3);
  });

  it.each([
    [1, 0.3],
    [3, 2.5],
  ])('agree on a term of %s h at io.net that is ended after %s h', async (termHours, ranHours) => {
    const { ioNet } = sandbox;
    const before = [
      ioNet.control.books().totalBilledMicro,
      await sumOf(database.unitOfWork, 'payable:io.net'),
    ];
    const deployment = await deployIoNet(sandbox, { duration_hours: termHours });
    await ioNetUrl(sandbox, deployment);
    const perHour = (ioNet.control.books().totalBilledMicro - before[0]) / termHours / CREDIT;
    const rentalId = await start('io.net', perHour, 1);
    pass(ranHours * HOUR);
    await finish(rentalId);
    await ioNetCaller(sandbox)('DELETE', `/deployment/${deployment}`);
    await untilNothingIsRented(sandbox);
    const farm = ioNet.control.books().totalBilledMicro - before[0];
    const ours = (await sumOf(database.unitOfWork, 'payable:io.net')) - before[1];
    expect(Math.abs(ours - farm)).toBeLessThan((perHour * CREDIT * 10) / 3600);
  });
});
