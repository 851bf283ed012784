import {
  createTestClient,
  defineChain,
  encodeDeployData,
  encodeFunctionData,
  http,
  keccak256,
  publicActions,
  walletActions,
  type Abi,
  type Hex,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { startAnvil, type AnvilOptions, type AnvilProcess } from './anvil.js';
import { fixture } from './fixtures.js';

interface Contract {
  abi: Abi;
  bytecode: Hex;
}

const { TestToken, TestForwarder } =
  fixture<Record<'TestToken' | 'TestForwarder', Contract>>('crypto/TestToken.json');

/** Owns all coins and tokens of a test chain; a phrase that everybody knows. */
const PAYER = mnemonicToAccount('test test test test test test test test test test test junk');
const SUPPLY = 10n ** 24n;
const GAS = 25_000_000n;

type Client = ReturnType<typeof createClient>;

function createClient(url: string, id: number) {
  const nativeCurrency = { name: 'Coin', symbol: 'ETH', decimals: 18 };
  const chain = defineChain({ id, name: 'test', nativeCurrency, rpcUrls: { default: { http: [url] } } });
  const base = createTestClient({ account: PAYER, chain, mode: 'anvil', transport: http(url), cacheTime: 0 });
  return base.extend(publicActions).extend(walletActions);
}

/** A transaction as it was signed, so that a reorganisation can include it again. */
export interface Sent {
  hash: Hex;
  raw: Hex;
  nonce: number;
}

/** A local chain, and somebody with money on it. Nothing is in a block before `mine`. */
export class TestChain {
  private constructor(
    readonly chainId: number,
    readonly client: Client,
    private readonly process: AnvilProcess,
  ) {}

  static async start(options: AnvilOptions = {}): Promise<TestChain> {
    const { chainId = 31337 } = options;
    const process = await startAnvil(options);
    return new TestChain(chainId, createClient(process.url, chainId), process);
  }

  get url(): string {
    return this.process.url;
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  mine(blocks = 1): Promise<void> {
    return this.client.mine({ blocks });
  }

  /** The next block is so much later. */
  async advance(seconds: number): Promise<void> {
    await this.client.increaseTime({ seconds });
    await this.mine();
  }

  async head(): Promise<{ number: number; at: number }> {
    const { number, timestamp } = await this.client.getBlock();
    return { number: Number(number), at: Number(timestamp) * 1000 };
  }

  /** Creates a token and mines it. @returns its address, lower case */
  async createToken(symbol = 'USDC', decimals = 6): Promise<Hex> {
    return this.create(encodeDeployData({ ...TestToken, args: [symbol, decimals, SUPPLY] }));
  }

  async createForwarder(): Promise<Hex> {
    return this.create(encodeDeployData({ ...TestForwarder }));
  }

  transfer(token: Hex, to: string, units: bigint): Promise<Sent> {
    return this.callToken(token, 'transfer', [to, units]);
  }

  transferToAll(token: Hex, receivers: readonly string[], units: bigint): Promise<Sent> {
    return this.callToken(token, 'transferToAll', [receivers, units]);
  }

  callToken(token: Hex, functionName: string, args: readonly unknown[]): Promise<Sent> {
    return this.send({ to: token, data: encodeFunctionData({ abi: TestToken.abi, functionName, args }) });
  }

  sendCoins(to: string, value: bigint): Promise<Sent> {
    return this.send({ to: to as Hex, value });
  }

  /** Coins that a contract passes on: in no list of transactions. */
  forwardCoins(forwarder: Hex, to: string, value: bigint): Promise<Sent> {
    const data = encodeFunctionData({ abi: TestForwarder.abi, functionName: 'forward', args: [to] });
    return this.send({ to: forwarder, data, value });
  }

  tokenBalance(token: Hex, owner: string): Promise<bigint> {
    const args = [owner];
    return this.client.readContract({
      address: token,
      abi: TestToken.abi,
      functionName: 'balanceOf',
      args,
    }) as Promise<bigint>;
  }

  coinBalance(owner: string): Promise<bigint> {
    return this.client.getBalance({ address: owner as Hex });
  }

  /** The owner of an address sends half of what it has away; its key is not needed here. */
  async sweep(address: Hex): Promise<void> {
    await this.client.impersonateAccount({ address });
    const value = (await this.coinBalance(address)) / 2n;
    await this.client.sendTransaction({ account: address, to: PAYER.address, value });
    await this.mine();
    await this.client.stopImpersonatingAccount({ address });
  }

  /** Replaces the newest blocks by as many others. @param included transactions by the place of their new block */
  async reorganise(depth: number, included: readonly [raw: Hex, block: number][] = []): Promise<void> {
    await this.client.request({
      method: 'anvil_reorg' as never,
      params: [depth, included] as never,
    });
  }

  /** Signs without sending: a transaction that takes the place of another. */
  async sign(request: { to?: Hex; data?: Hex; value?: bigint; nonce: number }): Promise<Sent> {
    const fees = { gas: GAS, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n };
    const signed = { ...request, ...fees, chainId: this.chainId, type: 'eip1559' } as const;
    const raw = await PAYER.signTransaction(signed);
    return { raw, hash: keccak256(raw), nonce: request.nonce };
  }

  /** A transfer that nobody has sent yet. */
  async signTransfer(token: Hex, to: string, units: bigint): Promise<Sent> {
    const data = encodeFunctionData({ abi: TestToken.abi, functionName: 'transfer', args: [to, units] });
    return this.sign({ to: token, data, nonce: await this.nextNonce() });
  }

  async send(request: { to?: Hex; data?: Hex; value?: bigint }): Promise<Sent> {
    const sent = await this.sign({ ...request, nonce: await this.nextNonce() });
    await this.client.sendRawTransaction({ serializedTransaction: sent.raw });
    return sent;
  }

  private nextNonce(): Promise<number> {
    return this.client.getTransactionCount({ address: PAYER.address, blockTag: 'pending' });
  }

  private async create(data: Hex): Promise<Hex> {
    const { hash } = await this.send({ data });
    await this.mine();
    const { contractAddress } = await this.client.getTransactionReceipt({ hash });
    if (!contractAddress) throw new Error('the contract was not created');
    return contractAddress.toLowerCase() as Hex;
  }
}
