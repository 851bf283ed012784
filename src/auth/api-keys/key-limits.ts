import type { KeyLimits } from '../../common/caller.js';
import { AddressRanges } from '../../egress/address-rules.js';
import { TargetList } from '../../egress/target-rules.js';
import { portOf } from '../../egress/trusted-hosts.js';
import type { StoredKeyLimits } from './stored-key-limits.js';

const ONE_ADDRESS = { ipv4: '/32', ipv6: '/128' } as const;

/**
 * Makes limits that are asked about on every request out of those that are stored: each question is answered from memory.
 * @param id what `KeyLimits.id` is
 */
export function keyLimitsOf(id: string, stored: StoredKeyLimits | null): KeyLimits | undefined {
  if (!stored) return undefined;
  const { allowedIps, allowedModels, allowedTargets, spendLimitMicro, requestsPerMinute } = stored;
  return {
    id,
    spendMicro: spendLimitMicro,
    requestsPerMinute,
    allowsAddress: allowedIps && addressRule(allowedIps),
    allowsModel: allowedModels && modelRule(allowedModels),
    allowsTarget: allowedTargets && targetRule(allowedTargets),
  };
}

function addressRule(allowed: readonly string[]): KeyLimits['allowsAddress'] {
  const ranges = new AddressRanges(allowed.map(asRange));
  return (address) => ranges.has(address);
}

function asRange(text: string): string {
  if (text.includes('/')) return text;
  return `${text}${text.includes(':') ? ONE_ADDRESS.ipv6 : ONE_ADDRESS.ipv4}`;
}

function modelRule(allowed: readonly string[]): KeyLimits['allowsModel'] {
  const names = new Set(allowed.filter((entry) => !entry.endsWith('*')));
  const beginnings = allowed.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1));
  return (model) => names.has(model) || beginnings.some((beginning) => model.startsWith(beginning));
}

function targetRule(allowed: readonly string[]): KeyLimits['allowsTarget'] {
  const names = new Set(allowed);
  const hosts = new TargetList(allowed);
  return (asked, url) =>
    asked.some((name) => names.has(name)) || (url !== undefined && hosts.has(url.hostname, portOf(url)));
}
