/** 0x and hexadecimal digits; addresses are lower case. */
export type Hex = `0x${string}`;

export interface Block {
  number: number;
  hash: Hex;
  /** Epoch ms by the chain's own clock. */
  at: number;
}

/** One `Transfer` event of a token. */
export interface TokenTransfer {
  token: Hex;
  from: Hex;
  to: Hex;
  /** In the token's smallest units. */
  units: bigint;
  /**
   * Place among the logs of its own transaction. The chain's `logIndex` counts through the block and is another one
   * when the transaction is included again elsewhere.
   */
  position: number;
}

/** A transaction that is in a block. */
export interface Receipt {
  txHash: Hex;
  isSuccess: boolean;
  blockNumber: number;
  blockHash: Hex;
  transfers: readonly TokenTransfer[];
}

/** Where a token moved: enough to know which receipts to read. */
export interface TransferSighting {
  txHash: Hex;
  blockHash: Hex;
  units: bigint;
}

export interface BlockRange {
  from: number;
  to: number;
}

/**
 * One endpoint's view of one chain. Every method is a fresh question to the endpoint, bounded in time.
 * All throw ChainUnavailable when no usable answer came; `undefined` means that the endpoint knows nothing of it.
 */
export interface ChainReader {
  /** For logs: the endpoint's host, without path and credentials. */
  readonly name: string;
  chainId(): Promise<number>;
  head(): Promise<Block>;
  /** The newest final block; undefined where the chain has no finality or has not reached it yet. */
  finalized(): Promise<Block | undefined>;
  block(number: number): Promise<Block | undefined>;
  /** Of a token contract; undefined when there is no such contract. */
  decimals(token: Hex): Promise<number | undefined>;
  /** Transfers of the tokens to any of the addresses; ranges that are too much for the endpoint are split. */
  transfersTo(
    addresses: readonly Hex[],
    tokens: readonly Hex[],
    range: BlockRange,
  ): Promise<TransferSighting[]>;
  /** Transfers of a token away from an address. */
  transfersFrom(address: Hex, token: Hex, range: BlockRange): Promise<TransferSighting[]>;
  receipt(txHash: Hex): Promise<Receipt | undefined>;
  /** As it was after the block. */
  tokenBalance(token: Hex, owner: Hex, blockNumber: number): Promise<bigint>;
  coinBalance(owner: Hex, blockNumber: number): Promise<bigint>;
  /** How many transactions the address has sent until after the block. */
  sentCount(owner: Hex, blockNumber: number): Promise<number>;
  /** What the address paid in the block's transactions: values and fees. */
  coinSpent(owner: Hex, blockNumber: number): Promise<bigint>;
}
