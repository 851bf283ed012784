import { numberOf, textOf, type WireObject } from '../wire-guards.js';
import { statusOf } from './io-net.mapping.js';

const MICRO_PER_DOLLAR = 1_000_000;
const MS_PER_HOUR = 3_600_000;
/** Not JavaScript's Date: io.net writes UTC without a zone and with microseconds. */
const INSTANT = /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2})(\.\d{1,9})?(?:Z|\+00:00)?$/;

/**
 * What an ended deployment has cost. Its detail tells what was paid, and not what was given back for an early end:
 * everything when it never ran, else all but the first hour and the time that it served.
 * @returns undefined while it has not ended, or when the detail does not tell enough
 */
export function billOf(deployment: WireObject, pricePerHourMicro: number): number | undefined {
  const paid = numberOf(deployment.amount_paid);
  if (paid === null) return undefined;
  const paidMicro = Math.round(paid * MICRO_PER_DOLLAR);
  switch (statusOf(deployment)) {
    case 'completed':
      return paidMicro;
    case 'destroyed':
    case 'failed':
      return billOfEarlyEnd(deployment, paidMicro, pricePerHourMicro);
    default:
      return undefined;
  }
}

function billOfEarlyEnd(
  deployment: WireObject,
  paidMicro: number,
  pricePerHourMicro: number,
): number | undefined {
  const startedAt = instantOf(deployment.started_at);
  const finishedAt = instantOf(deployment.finished_at);
  if (startedAt === undefined) return 0;
  if (finishedAt === undefined || pricePerHourMicro <= 0) return undefined;
  const boughtMs = Math.max(1, Math.round(paidMicro / pricePerHourMicro)) * MS_PER_HOUR;
  const servedMs = Math.min(Math.max(0, finishedAt - startedAt), boughtMs);
  const keptMs = Math.max(MS_PER_HOUR, servedMs);
  return paidMicro - Math.round(paidMicro * Math.max(0, 1 - keptMs / boughtMs));
}

/** Epoch ms with a fraction. */
function instantOf(value: unknown): number | undefined {
  const [, whole, fraction = ''] = INSTANT.exec(textOf(value) ?? '') ?? [];
  if (whole === undefined) return undefined;
  return Date.parse(`${whole.replace(' ', 'T')}Z`) + Number(`0${fraction}`) * 1000;
}
