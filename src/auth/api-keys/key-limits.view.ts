import { creditsFromMicro } from '../../common/money.js';
import type { StoredKeyLimits } from './stored-key-limits.js';

/** What a key is narrowed to, as it was given; null where nothing is. */
export class KeyLimitsView {
  allowed_ips: string[] | null;
  allowed_models: string[] | null;
  allowed_targets: string[] | null;
  /** What its requests, and those of the keys it was rotated from, may cost altogether. */
  spend_limit_credits: number | null;
  /** On the control plane and the data plane together. */
  requests_per_minute: number | null;
}

export function limitsView(limits: StoredKeyLimits | null): KeyLimitsView {
  const { allowedIps, allowedModels, allowedTargets, spendLimitMicro, requestsPerMinute } = limits ?? {};
  return {
    allowed_ips: listOrNull(allowedIps),
    allowed_models: listOrNull(allowedModels),
    allowed_targets: listOrNull(allowedTargets),
    spend_limit_credits: spendLimitMicro === undefined ? null : creditsFromMicro(spendLimitMicro),
    requests_per_minute: requestsPerMinute ?? null,
  };
}

function listOrNull(list: readonly string[] | undefined): string[] | null {
  return list ? [...list] : null;
}
