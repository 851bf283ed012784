import type { PublicClient, TransactionReceipt } from 'viem';
import { ChainUnavailable } from './chain-errors.js';
import type { Block, BlockRange, ChainReader, Hex, Receipt, TransferSighting } from './chain-reader.js';

type Viem = typeof import('viem');

const TIMEOUT_MS = 5000;
/** Blocks asked for in one call; endpoints that take fewer are asked for halves. */
const BLOCK_RANGE = 2000n;

const TRANSFER = 'event Transfer(address indexed from, address indexed to, uint256 value)';
/** Function selectors, as Solidity derives them. */
const DECIMALS = '0x313ce567';
const BALANCE_OF = '0x70a08231';

/**
 * Reads a chain through a JSON-RPC endpoint with viem. The library is loaded when the first endpoint is opened: it
 * takes a quarter of a second and 25 MB that a service without crypto payments does not have to pay.
 */
export class ViemChainReader implements ChainReader {
  private constructor(
    readonly name: string,
    private readonly viem: Viem,
    private readonly client: PublicClient,
  ) {}

  static async open(url: string): Promise<ViemChainReader> {
    const viem = await import('viem');
    const transport = viem.http(url, {
      timeout: TIMEOUT_MS,
      retryCount: 0,
      fetchOptions: { redirect: 'error' },
    });
    return new ViemChainReader(new URL(url).host, viem, viem.createPublicClient({ transport, cacheTime: 0 }));
  }

  chainId(): Promise<number> {
    return this.ask(() => this.client.getChainId());
  }

  async head(): Promise<Block> {
    const block = await this.ask(() => this.client.getBlock({ blockTag: 'latest' }));
    return blockOf(block);
  }

  async finalized(): Promise<Block | undefined> {
    const block = await this.lookUp(() => this.client.getBlock({ blockTag: 'finalized' }));
    return block && blockOf(block);
  }

  async block(number: number): Promise<Block | undefined> {
    const block = await this.lookUp(() => this.client.getBlock({ blockNumber: BigInt(number) }));
    return block && blockOf(block);
  }

  async decimals(token: Hex): Promise<number | undefined> {
    const word = await this.call(token, DECIMALS);
    return word === undefined ? undefined : Number(word);
  }

  transfersTo(
    addresses: readonly Hex[],
    tokens: readonly Hex[],
    range: BlockRange,
  ): Promise<TransferSighting[]> {
    return this.transfers([...tokens], { to: [...addresses] }, range);
  }

  transfersFrom(address: Hex, token: Hex, range: BlockRange): Promise<TransferSighting[]> {
    return this.transfers([token], { from: address }, range);
  }

  async receipt(txHash: Hex): Promise<Receipt | undefined> {
    const receipt = await this.lookUp(() => this.client.getTransactionReceipt({ hash: txHash }));
    return receipt && this.receiptOf(receipt);
  }

  async tokenBalance(token: Hex, owner: Hex, blockNumber: number): Promise<bigint> {
    const data: Hex = `${BALANCE_OF}${owner.slice(2).padStart(64, '0')}`;
    return (await this.call(token, data, blockNumber)) ?? 0n;
  }

  coinBalance(owner: Hex, blockNumber: number): Promise<bigint> {
    return this.ask(() => this.client.getBalance({ address: owner, blockNumber: BigInt(blockNumber) }));
  }

  sentCount(owner: Hex, blockNumber: number): Promise<number> {
    const at = { address: owner, blockNumber: BigInt(blockNumber) };
    return this.ask(() => this.client.getTransactionCount(at));
  }

  async coinSpent(owner: Hex, blockNumber: number): Promise<bigint> {
    const at = { blockNumber: BigInt(blockNumber), includeTransactions: true } as const;
    const { transactions } = await this.ask(() => this.client.getBlock(at));
    let spent = 0n;
    for (const { hash, from, value } of transactions) {
      if (from.toLowerCase() !== owner) continue;
      const receipt = await this.ask(() => this.client.getTransactionReceipt({ hash }));
      spent += receipt.gasUsed * receipt.effectiveGasPrice + (receipt.status === 'success' ? value : 0n);
    }
    return spent;
  }

  private async transfers(
    address: Hex[],
    args: { from?: Hex; to?: Hex[] },
    { from, to }: BlockRange,
  ): Promise<TransferSighting[]> {
    const logs = await this.ask(() =>
      this.client.getLogs({
        address,
        event: this.viem.parseAbiItem(TRANSFER),
        args,
        strict: true,
        fromBlock: BigInt(from),
        toBlock: BigInt(to),
        blockRange: BLOCK_RANGE,
      }),
    );
    return logs
      .filter(({ removed, blockHash }) => !removed && blockHash !== null)
      .map(({ transactionHash, blockHash, args: { value } }) => ({
        txHash: transactionHash,
        blockHash,
        units: value,
      }));
  }

  private receiptOf(receipt: TransactionReceipt): Receipt {
    const abi = [this.viem.parseAbiItem(TRANSFER)];
    const positions = new Map(receipt.logs.map(({ logIndex }, position) => [logIndex, position]));
    const transfers = this.viem.parseEventLogs({ abi, logs: receipt.logs, strict: true });
    return {
      txHash: receipt.transactionHash,
      isSuccess: receipt.status === 'success',
      blockNumber: Number(receipt.blockNumber),
      blockHash: receipt.blockHash,
      transfers: transfers.map(({ address, args, logIndex }) => ({
        token: lowerCase(address),
        from: lowerCase(args.from),
        to: lowerCase(args.to),
        units: args.value,
        position: positions.get(logIndex) ?? 0,
      })),
    };
  }

  /** The first word that a contract answers. */
  private async call(to: Hex, data: Hex, blockNumber?: number): Promise<bigint | undefined> {
    const at = blockNumber === undefined ? {} : { blockNumber: BigInt(blockNumber) };
    const answer = await this.ask(() => this.client.call({ to, data, ...at }));
    return answer.data && answer.data.length >= 66 ? BigInt(answer.data.slice(0, 66)) : undefined;
  }

  private async lookUp<T>(question: () => Promise<T>): Promise<T | undefined> {
    return this.ask(async () => {
      try {
        return await question();
      } catch (error) {
        if (this.isNotFound(error)) return undefined;
        throw error;
      }
    });
  }

  private isNotFound(error: unknown): boolean {
    const { BlockNotFoundError, TransactionReceiptNotFoundError } = this.viem;
    return error instanceof BlockNotFoundError || error instanceof TransactionReceiptNotFoundError;
  }

  /** viem's messages repeat the URL, which may hold a key, so only the kind of failure is passed on. */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      const { BaseError } = this.viem;
      const reason = error instanceof BaseError ? rootNameOf(error) : 'no usable answer';
      throw new ChainUnavailable(this.name, reason);
    }
  }
}

function rootNameOf(error: Error): string {
  return error.cause instanceof Error ? `${error.name} (${rootNameOf(error.cause)})` : error.name;
}

function blockOf(block: { number: bigint; hash: Hex; timestamp: bigint }): Block {
  return { number: Number(block.number), hash: block.hash, at: Number(block.timestamp) * 1000 };
}

function lowerCase(address: Hex): Hex {
  return address.toLowerCase() as Hex;
}
