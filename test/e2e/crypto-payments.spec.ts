import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDaemonProcess, requireBuild } from '../support/built-programs.js';
import { chainSettings } from '../support/crypto-settings.js';
import type { DatabaseKind } from '../support/databases.js';
import { startJsonRpcProxy, type JsonRpcProxy } from '../support/json-rpc-proxy.js';
import { ApiCaller, eventually, runDaemon, signUp, type RunningDaemon } from '../support/running-daemon.js';
import { createTempFolder } from '../support/temp-folder.js';
import { TestChain } from '../support/test-chain.js';

interface PaymentAnswer {
  transaction: Transaction;
  next_action?: { type: string; address: string; amount: string; network: string; chain_id: number };
  warnings?: { code: string; detail: string }[];
}

interface Transaction {
  id: string;
  status: string;
  detail?: string;
  amount: number;
  credited: number;
  payment_method: string;
}

const PAYMENT = '/api/v1/billing/payment';
/** Selector of the function that tells a balance. */
const BALANCE_OF = '0x70a08231';

let chain: TestChain;
let usdc: `0x${string}`;
let endpoint: JsonRpcProxy;

beforeAll(async () => {
  chain = await TestChain.start();
  usdc = await chain.createToken('USDC', 6);
  endpoint = await startJsonRpcProxy(chain.url);
});
afterAll(async () => {
  await endpoint.close();
  await chain.stop();
});

const settings = (): Record<string, string> => chainSettings(chain, endpoint.url, usdc);

const order = (caller: ApiCaller, headers: Record<string, string> = {}): Promise<PaymentAnswer> =>
  caller
    .post<PaymentAnswer>(PAYMENT, { amount: 50, currency: 'USD', provider: 'crypto' }, headers)
    .then(({ status, body }) => {
      expect(status).toBe(201);
      return body;
    });

const transaction = async (caller: ApiCaller, id: string): Promise<Transaction> =>
  (await caller.get<Transaction>(`/api/v1/billing/transactions/${id}`)).body;

const credits = async (caller: ApiCaller): Promise<number> =>
  (await caller.get<{ credits_remaining: number }>('/api/v1/credits')).body.credits_remaining;

describe.each(['sqlite', 'postgres'] as const)('crypto payments over HTTP (%s)', (kind: DatabaseKind) => {
  let daemon: RunningDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    daemon = await runDaemon(kind, { ...settings(), SIGNUP_CREDITS: '0' });
    caller = await signUp(daemon.url);
  });
  afterAll(() => daemon.stop());

  it("take the document's own line, leave its placeholder wallet out, and credit what arrives", async () => {
    const answer = await order(caller, {
      'X-Preferred-Payment': 'crypto:ethereum:0x123...',
      'X-Billing': 'Crypto',
    });
    expect(answer).toMatchObject({
      transaction: { status: 'pending', amount: 50, payment_method: 'crypto:ethereum', credited: 0 },
      next_action: { type: 'pay_to_address', network: 'ethereum', chain_id: chain.chainId, amount: '50' },
      warnings: [{ code: 'refund_wallet_ignored' }],
    });
    await chain.transfer(usdc, answer.next_action?.address ?? '', 50_000_000n);
    await chain.mine(2);
    const { id } = answer.transaction;
    const paid = await eventually(async () => {
      const found = await transaction(caller, id);
      return found.status === 'completed' && found;
    });
    expect(paid).toMatchObject({ credited: 50 });
    expect(await credits(caller)).toBe(50);
  });

  it('refuse a network that is not taken, and name those that are', async () => {
    const { status, body } = await caller.post<{ code: string; networks: string[] }>(
      PAYMENT,
      { amount: 50, currency: 'USD', provider: 'crypto' },
      { 'X-Preferred-Payment': 'crypto:bitcoin' },
    );
    expect([status, body.code, body.networks]).toEqual([422, 'unsupported_network', ['ethereum']]);
  });
});

describe('a daemon that is killed', () => {
  it('between finding a deposit and crediting it credits it once when it is there again', async () => {
    requireBuild();
    const folder = await createTempFolder('crypto');
    const quiet = { SIGNUP_CREDITS: '0', RATE_LIMIT_PER_MINUTE: '0' };
    const env = { ...settings(), ...quiet, JWT_SECRET: 'a secret of the tests, long enough' };
    const first = await startDaemonProcess(folder.path, ['-dv'], env);
    const caller = await signUp(first.url);
    const { transaction: ordered, next_action: action } = await order(caller);
    const killed = killAtBalance(first.child);
    await chain.transfer(usdc, action?.address ?? '', 50_000_000n);
    await chain.mine(2);
    await killed;
    const second = await startDaemonProcess(folder.path, ['-dv'], env);
    const again = new ApiCaller(second.url, caller.key);
    try {
      // The dead process's lease of the job has to run out first.
      await eventually(async () => {
        await chain.mine();
        return (await transaction(again, ordered.id)).status === 'completed';
      }, 90_000);
      expect(await transaction(again, ordered.id)).toMatchObject({ credited: 50 });
      expect(await credits(again)).toBe(50);
    } finally {
      await second.stop();
      await folder.remove();
    }
  });
});

/** The balance is looked at when a deposit has been found and is about to be credited. */
function killAtBalance(child: ChildProcess): Promise<void> {
  endpoint.interfere(({ method, params: [call] }) => {
    const { data, input = data } = call as { data?: string; input?: string };
    if (method !== 'eth_call' || !input?.startsWith(BALANCE_OF)) return undefined;
    child.kill('SIGKILL');
    return 'hang up';
  });
  return new Promise((resolve) => {
    child.removeAllListeners('exit').once('exit', () => {
      endpoint.interfere(undefined);
      resolve();
    });
  });
}
