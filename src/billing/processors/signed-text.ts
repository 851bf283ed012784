import { createHmac, timingSafeEqual } from 'node:crypto';

/** In either direction: clocks differ, and a signature from the future could be kept for later. */
const MOST_SKEW_SECONDS = 300;

/**
 * Checks a header `t=<seconds>,v1=<hex>` over `t.text`, HMAC-SHA256 with any of the secrets; several `v1` may stand
 * in it while one secret replaces another.
 */
export function isSignedText(
  text: string,
  header: string,
  secrets: readonly string[],
  nowMs: number,
): boolean {
  const parts = header.split(',').map((part) => part.trim().split('='));
  const timestamps = parts.filter(([name]) => name === 't').map(([, value]) => value);
  const [timestamp] = timestamps;
  if (timestamps.length !== 1 || !/^\d{1,12}$/.test(timestamp ?? '')) return false;
  if (Math.abs(nowMs / 1000 - Number(timestamp)) > MOST_SKEW_SECONDS) return false;
  const given = parts.filter(([name]) => name === 'v1').map(([, value]) => value ?? '');
  return secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex');
    return given.some((signature) => isEqual(signature, expected));
  });
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
