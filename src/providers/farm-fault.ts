import type { DomainError } from '../common/domain-error.js';
import type { ProviderName } from './gpu-provider.js';
import type { HttpAnswer } from './provider-http.js';
import {
  contractNotFound,
  offerGone,
  providerAuthFailed,
  providerOutOfCredit,
  providerRejected,
  providerUnavailable,
  rentOutcomeUnknown,
} from './providers.errors.js';

/** What a refusal of a farm means; each adapter tells it from its farm's own statuses, codes and words. */
export type FarmFault =
  'bad_key' | 'offer_gone' | 'no_credit' | 'no_such_contract' | 'name_taken' | 'unavailable' | 'rejected';

/** @param reason the farm's own words, where it has any */
export function farmError(
  provider: ProviderName,
  fault: FarmFault,
  { status }: HttpAnswer,
  reason: string,
): DomainError {
  switch (fault) {
    case 'bad_key':
      return providerAuthFailed(provider);
    case 'offer_gone':
      return offerGone(provider);
    case 'no_credit':
      return providerOutOfCredit(provider);
    case 'no_such_contract':
      return contractNotFound(provider);
    case 'name_taken':
      // Our names are unique, so this one is ours: an earlier answer was lost.
      return rentOutcomeUnknown(provider);
    case 'unavailable':
      return providerUnavailable(provider, `it answers ${status}`);
    case 'rejected':
      return providerRejected(provider, reason || `status ${status}`);
  }
}
