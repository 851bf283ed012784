import { parseDurationMs } from '../common/duration.js';
import type { CryptoConfig } from './config.js';
import { parseCryptoNetworks, type CryptoNetwork } from './crypto-network.js';
import { problemOfXpub } from './crypto-xpub.js';
import type { Environment } from './env.dto.js';

/** Checks the variables of crypto payments, enabled or not; what is wrong is added to `problems`. */
export function readCryptoNetworks(environment: Environment, problems: string[]): CryptoNetwork[] {
  const { CRYPTO_ENABLED: isEnabled, CRYPTO_XPUB: xpub } = environment;
  const networks = parseNetworks(environment.CRYPTO_NETWORKS, problems);
  const xpubProblem = xpub === undefined ? undefined : problemOfXpub(xpub);
  if (xpubProblem) problems.push(`CRYPTO_XPUB ${xpubProblem}`);
  if (isEnabled && xpub === undefined) problems.push('CRYPTO_XPUB is not set, and CRYPTO_ENABLED needs it');
  if (isEnabled && networks?.length === 0)
    problems.push('CRYPTO_NETWORKS names no network, and CRYPTO_ENABLED needs one');
  return networks ?? [];
}

function parseNetworks(text: string, problems: string[]): CryptoNetwork[] | undefined {
  try {
    return parseCryptoNetworks(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.push(`CRYPTO_NETWORKS: ${error.message}`);
    return undefined;
  }
}

export function cryptoConfig(environment: Environment, networks: readonly CryptoNetwork[]): CryptoConfig {
  return {
    isEnabled: environment.CRYPTO_ENABLED,
    networks,
    xpub: environment.CRYPTO_XPUB?.trim() ?? '',
    pollIntervalMs: parseDurationMs(environment.CRYPTO_POLL_INTERVAL),
    invoiceTtlMs: parseDurationMs(environment.CRYPTO_INVOICE_TTL),
  };
}
