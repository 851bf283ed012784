import { DomainError } from '../common/domain-error.js';
import type { ProviderName } from './gpu-provider.js';

/*
 * The errors of the farms' adapters. `provider` in the problem document says which farm it was; its key, its
 * addresses and its raw answers never appear.
 */

const fault = (
  provider: ProviderName,
  [code, status, detail]: readonly [string, number, string],
  more: { headers?: Record<string, string>; data?: Record<string, unknown>; cause?: unknown } = {},
): DomainError => new DomainError(code, status, detail, { ...more, data: { provider, ...more.data } });

/** Network trouble, a 5xx, an HTML page, an answer of the wrong shape: nothing is known to have been done. */
export const providerUnavailable = (provider: ProviderName, reason: string, cause?: unknown): DomainError =>
  fault(provider, ['provider_unavailable', 502, `${provider} cannot be used right now: ${reason}.`], {
    cause,
  });

/** The farm asked us to slow down, and waiting would have taken longer than the call may. */
export const providerRateLimited = (provider: ProviderName, retryAfterMs: number): DomainError =>
  fault(provider, ['provider_rate_limited', 503, `${provider} takes no more calls for now.`], {
    headers: retryAfter(retryAfterMs),
  });

/** The operator's key is missing, wrong, revoked or lacks a permission. */
export const providerAuthFailed = (provider: ProviderName): DomainError =>
  fault(provider, ['provider_auth_failed', 502, `${provider} refused the operator's key.`]);

/** Rented by somebody else, withdrawn, or dearer than the limit. */
export const offerGone = (provider: ProviderName): DomainError =>
  fault(provider, ['offer_gone', 410, `The offer of ${provider} is gone. List the offers again.`]);

/** The operator's account at the farm is empty, not the caller's. */
export const providerOutOfCredit = (provider: ProviderName): DomainError =>
  fault(provider, ['provider_out_of_credit', 503, `The operator's account at ${provider} is out of credit.`]);

/** The farm understood and refused the arguments; `reason` is its own text, cleaned. */
export const providerRejected = (provider: ProviderName, reason: string): DomainError =>
  fault(provider, ['provider_rejected', 422, `${provider} refused the request: ${withoutAddresses(reason)}`]);

/** The answer to a rent or an extension was lost. It may have been done: look it up by label, never send it again. */
export const rentOutcomeUnknown = (provider: ProviderName, cause?: unknown): DomainError =>
  fault(
    provider,
    ['rent_outcome_unknown', 502, `The answer of ${provider} was lost; the contract may exist.`],
    { cause },
  );

/** Our own queue in front of the farm is longer than a caller should wait. */
export const providerBusy = (provider: ProviderName, waitMs: number): DomainError =>
  fault(provider, ['provider_busy', 503, `Too many rents are queued for ${provider}.`], {
    headers: retryAfter(waitMs),
  });

/** No contract of ours has this id. */
export const contractNotFound = (provider: ProviderName): DomainError =>
  fault(provider, ['contract_not_found', 404, `${provider} knows no such contract.`]);

/** A farm name that does not exist: 422 in a query or body, 404 in a path. */
export const unknownProvider = (name: string, known: readonly string[], status: 404 | 422): DomainError =>
  new DomainError(
    'unknown_provider',
    status,
    `There is no provider ${JSON.stringify(name)}; there are ${known.join(', ')}.`,
    {
      data: { known },
      errors:
        status === 422 ? [{ field: 'provider', message: `must be one of ${known.join(', ')}` }] : undefined,
    },
  );

/** The farm exists, but the operator has given no key for it. */
export const providerNotConfigured = (provider: ProviderName): DomainError =>
  fault(provider, ['provider_not_configured', 501, `${provider} is not configured on this server.`]);

/** Every asked farm failed and nothing is cached. */
export const allProvidersUnavailable = (
  partial: readonly { provider: string; code: string }[],
): DomainError =>
  new DomainError('provider_unavailable', 502, 'None of the asked providers can be used right now.', {
    data: { partial },
  });

const retryAfter = (ms: number): Record<string, string> => ({
  'retry-after': String(Math.max(1, Math.ceil(ms / 1000))),
});

const ADDRESS = /\b[a-z][a-z+.-]*:\/\/\S+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/gi;
const LONGEST_REASON = 200;

/** A farm's text, safe to show: one line, no URL, no IP address, not too long. */
export function withoutAddresses(text: string): string {
  const line = text.replace(ADDRESS, '[address]').replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line;
}
