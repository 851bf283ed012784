import type { ContractState } from '../gpu-provider.js';
import { withoutAddresses } from '../providers.errors.js';
import { numberOf, textOf, type WireObject } from '../wire-guards.js';

export interface StateAndReason {
  state: ContractState;
  reason?: string;
}

/** The official self-test takes such a `status_msg` for a failed start (vastai/cli machines.py). */
const START_FAILED =
  /error|failed|oci runtime|permission denied|access denied|manifest unknown|no space left/i;

/** Causes worth a short name; the first that fits wins, anything else is told in the farm's words. */
const CAUSES: readonly (readonly [pattern: RegExp, cause: string])[] = [
  [/oci runtime|runc create/i, 'oci runtime error'],
  [/manifest|pull access denied|repository does not exist|failed to pull/i, 'image cannot be pulled'],
  [/outbid/i, 'outbid'],
  [/expired/i, 'contract_end'],
  [/(?:lacks?|no|out of|insufficient)[ _]credit/i, 'insufficient_credits'],
];

/**
 * Reads `actual_status` with its neighbours: what the host reports, what is intended, and the text that tells why.
 * @param nowMs decides whether a stopped contract has reached its `end_date`
 */
export function contractState(instance: WireObject, nowMs: number): StateAndReason {
  const status = textOf(instance.actual_status);
  const message = messageOf(instance);
  const isMeantToStop = instance.intended_status === 'stopped';
  if (status === 'destroyed' || instance.intended_status === 'destroyed') return { state: 'gone' };
  switch (status) {
    case 'offline':
    case 'unknown':
      return { state: 'offline', reason: status === 'offline' ? 'host offline' : 'host sends no heartbeat' };
    case 'frozen':
      return { state: 'failed', reason: 'frozen' };
    case 'exited':
    case 'stopped':
      return isMeantToStop || isHalted(instance)
        ? { state: 'stopped', reason: stopReason(instance, message, nowMs) }
        : { state: 'failed', reason: causeOf(message) ?? 'container exited' };
    default:
      if (isMeantToStop) return { state: 'stopped', reason: stopReason(instance, message, nowMs) };
      return status === 'running' ? { state: 'running' } : booting(message);
  }
}

/** `success, running <image>` tells nothing, and an image may be called anything. */
function messageOf({ status_msg: message }: WireObject): string | null {
  const text = textOf(message);
  return text?.startsWith('success') ? null : text;
}

/** `null` (being provisioned), `created`, `loading`, `rebooting` and words that are not known yet. */
function booting(message: string | null): StateAndReason {
  if (message && START_FAILED.test(message)) return { state: 'failed', reason: causeOf(message) };
  return { state: 'pending', reason: causeOf(message) };
}

/** Stopped without our doing and queued for its GPU, which has probably been let again. */
function isHalted({ cur_state: current }: WireObject): boolean {
  return current === 'stopped';
}

function stopReason(instance: WireObject, message: string | null, nowMs: number): string {
  const named = CAUSES.find(([pattern]) => message && pattern.test(message))?.[1];
  if (named) return named;
  const endDate = numberOf(instance.end_date);
  if (endDate !== null && endDate * 1000 <= nowMs) return 'contract_end';
  if (instance.intended_status === 'running') return 'waiting for the GPU';
  return instance.is_bid === true ? 'outbid' : 'stopped';
}

function causeOf(message: string | null): string | undefined {
  if (!message) return undefined;
  const named = CAUSES.find(([pattern]) => pattern.test(message))?.[1];
  return named ?? withoutAddresses(message.split('\n').at(-1) ?? '');
}
