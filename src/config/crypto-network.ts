import { plainToInstance, Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsUrl,
  Matches,
  Max,
  Min,
  ValidateNested,
  validateSync,
  type ValidationError,
} from 'class-validator';
import { MICRO, microFromCredits } from '../common/money.js';

/** How far a stablecoin's price may be from one dollar. */
const PEG_TOLERANCE_MICRO = MICRO / 50;

export type CryptoAssetKind = 'stablecoin' | 'token' | 'native';

/** Something that can be paid with on one network. */
export interface CryptoAsset {
  /** Upper case. */
  symbol: string;
  kind: CryptoAssetKind;
  /** The token's contract, lower case; undefined for the network's own coin. */
  address?: string;
  decimals: number;
  /** Micro-dollars for one whole unit; a stablecoin counts as one dollar. */
  priceMicro: number;
  /** A stablecoin that is off its peg: no new invoices, and what arrives waits. */
  isPaused: boolean;
}

/** A network that deposits are taken on. */
export interface CryptoNetwork {
  name: string;
  chainId: number;
  /** JSON-RPC endpoints, the preferred one first. They may hold keys: never show or log them. */
  rpcUrls: readonly string[];
  /** Blocks that must stand on a deposit, its own included. */
  confirmations?: number;
  /**
   * Deposits wait until the chain calls their block final. Together with `confirmations`, small deposits go by these
   * and only the others wait.
   */
  isFinalityAwaited: boolean;
  assets: readonly CryptoAsset[];
  /** Smaller deposits are recorded and not credited. */
  minDepositMicro: number;
}

/** As the variable writes an asset. */
class TokenSetting {
  @IsOptional()
  @Matches(/^0x[\da-fA-F]{40}$/, { message: 'address must be 0x and 40 hexadecimal digits' })
  address?: string;

  @Matches(/^[A-Za-z0-9.]{1,16}$/, { message: 'symbol must be 1 to 16 letters, digits or dots' })
  symbol: string;

  @IsInt()
  @Min(0)
  @Max(36)
  decimals: number;

  @IsIn(['stablecoin', 'token', 'native'])
  kind: CryptoAssetKind;

  @IsOptional()
  price_usd?: number | string;
}

/** As the variable writes a network. */
class NetworkSetting {
  @Matches(/^[a-z0-9][a-z0-9-]{0,31}$/, { message: 'name must be lower-case letters, digits and dashes' })
  name: string;

  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  chain_id: number;

  @IsArray()
  @ArrayMinSize(1)
  @IsUrl(
    { require_tld: false, protocols: ['http', 'https'], require_protocol: true },
    { each: true, message: 'rpc_urls must be http or https URLs' },
  )
  rpc_urls: string[];

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100_000)
  confirmations?: number;

  @IsOptional()
  @IsIn(['finalized'])
  finality?: 'finalized';

  @IsOptional()
  min_deposit_usd: number | string = '0.50';

  @IsArray()
  @ArrayMinSize(1)
  @ValidateNested({ each: true })
  @Type(() => TokenSetting)
  tokens: TokenSetting[];
}

/**
 * Reads the JSON of CRYPTO_NETWORKS.
 * @throws RangeError that names the first network that is wrong and never repeats an endpoint
 */
export function parseCryptoNetworks(text: string): CryptoNetwork[] {
  const settings = parseArray(text).map((entry) => plainToInstance(NetworkSetting, entry));
  const networks = settings.map((setting, index) => {
    const problem = firstProblem(validateSync(setting, { whitelist: true, forbidNonWhitelisted: true }));
    if (problem) throw new RangeError(`network ${index}: ${problem}`);
    return readNetwork(setting);
  });
  requireDistinct(
    'name',
    networks.map(({ name }) => name),
  );
  requireDistinct(
    'chain_id',
    networks.map(({ chainId }) => chainId),
  );
  return networks;
}

function parseArray(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new RangeError('not a JSON array');
}

function firstProblem([problem]: readonly ValidationError[]): string | undefined {
  if (!problem) return undefined;
  const text = Object.values(problem.constraints ?? {}).join('; ');
  return text || `${problem.property} ${firstProblem(problem.children ?? []) ?? 'is wrong'}`;
}

function readNetwork(setting: NetworkSetting): CryptoNetwork {
  const { name, chain_id: chainId, rpc_urls: rpcUrls, confirmations, finality, tokens } = setting;
  const assets = tokens.map((token) => readAsset(token, name));
  requireDistinct(
    `symbol on ${name}`,
    assets.map(({ symbol }) => symbol),
  );
  requireDistinct(
    `address on ${name}`,
    assets.map(({ address }) => address),
  );
  return {
    name,
    chainId,
    rpcUrls,
    confirmations,
    isFinalityAwaited: finality === 'finalized' || confirmations === undefined,
    assets,
    minDepositMicro: readDollars(setting.min_deposit_usd, `min_deposit_usd of ${name}`),
  };
}

function readAsset(token: TokenSetting, network: string): CryptoAsset {
  const { kind, decimals } = token;
  const symbol = token.symbol.toUpperCase();
  const title = `${symbol} on ${network}`;
  if ((kind === 'native') !== (token.address === undefined))
    throw new RangeError(`${title}: tokens have an address, the native coin has none`);
  if (kind !== 'stablecoin' && token.price_usd === undefined)
    throw new RangeError(`${title}: only stablecoins go without price_usd`);
  const priceMicro =
    token.price_usd === undefined ? MICRO : readDollars(token.price_usd, `price_usd of ${title}`);
  if (priceMicro <= 0) throw new RangeError(`price_usd of ${title} must be positive`);
  const asset = { symbol, kind, decimals, address: token.address?.toLowerCase() };
  if (kind !== 'stablecoin') return { ...asset, priceMicro, isPaused: false };
  return { ...asset, priceMicro: MICRO, isPaused: Math.abs(priceMicro - MICRO) > PEG_TOLERANCE_MICRO };
}

function readDollars(amount: number | string, title: string): number {
  try {
    const micro = microFromCredits(amount);
    if (micro >= 0) return micro;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new RangeError(`${title} must be dollars with at most 6 decimals`);
}

function requireDistinct(title: string, values: readonly unknown[]): void {
  if (new Set(values).size !== values.length) throw new RangeError(`two entries have the same ${title}`);
}
