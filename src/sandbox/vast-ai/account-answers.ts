import { ok, type FarmAnswer, type FarmCall } from '../farm-call.js';
import { billedMicro, type VastContract } from './vast-contract.js';
import type { VastFarm } from './vast-farm.js';
import { storagePerHour } from './vast-offer.js';
import { invalidToken } from './vast.errors.js';

const dollars = (micro: number): number => Number((micro / 1_000_000).toFixed(6));

/** `GET /api/v0/users/current/`; `credit` is what can be spent. */
export function currentUser(farm: VastFarm): FarmAnswer {
  farm.contracts.settleAll();
  return ok({
    id: 123456,
    key_id: 998877,
    email: 'sandbox@example.com',
    credit: dollars(farm.account.creditMicro),
    balance: 0,
    ssh_key: null,
    sid: 'A1',
  });
}

const DEFAULT_PAGE = 100;

/** `GET /api/v0/charges/`: one row per contract, with its items. */
export function charges(farm: VastFarm, { query }: FarmCall): FarmAnswer {
  farm.contracts.settleAll();
  const contracts = farm.contracts.all().filter((contract) => billedMicro(contract) > 0);
  const from = query.after_token ? readOffset(query.after_token) : 0;
  const to = from + Number(query.limit ?? DEFAULT_PAGE);
  const page = contracts.slice(from, to);
  return ok({
    success: true,
    count: page.length,
    total: contracts.length,
    next_token: to < contracts.length ? Buffer.from(JSON.stringify({ offset: to })).toString('base64') : null,
    results: page.map((contract) => chargeOf(contract, farm.clock.nowSeconds())),
  });
}

function readOffset(token: string): number {
  try {
    const { offset } = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as { offset: number };
    if (Number.isInteger(offset)) return offset;
  } catch {
    throw invalidToken();
  }
  throw invalidToken();
}

function chargeOf(contract: VastContract, nowSeconds: number): object {
  const span = {
    start: Math.floor(contract.createdAt / 1000),
    end: Math.floor(contract.destroyedAt ? contract.destroyedAt / 1000 : nowSeconds),
  };
  const hours = ((span.end - span.start) / 3600).toFixed(3);
  const diskPerHour = storagePerHour(contract.offer, contract.order.diskGb);
  const descriptions: Readonly<Record<string, [micro: number, text: string]>> = {
    gpu: [contract.bill.gpu, `${hours} hours at $${contract.gpuPerHour.toFixed(4)}/hour`],
    disk: [contract.bill.disk, `${hours} hours at $${diskPerHour.toFixed(4)}/hour`],
    bwd: [contract.bill.download, `download at $${contract.offer.inet_down_cost}/GB`],
    bwu: [contract.bill.upload, `upload at $${contract.offer.inet_up_cost}/GB`],
  };
  const items = Object.entries(descriptions).map(([type, [micro, description]]) => ({
    ...span,
    type,
    source: null,
    description,
    amount: dollars(micro),
    metadata: {},
    items: [],
  }));
  return {
    ...span,
    type: 'instance',
    source: `instance-${contract.id}`,
    description: `Instance ${contract.id} Charges - ${hours} hours`,
    amount: dollars(billedMicro(contract)),
    metadata: { label: contract.label },
    items: items.filter(({ amount }) => amount > 0),
  };
}
