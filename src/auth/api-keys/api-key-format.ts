import { randomBytes, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** `test` keys are those of developer mode and the sandbox. */
export type KeyMode = 'live' | 'test';

export interface KeyParts {
  /** The whole key, as the caller holds it. */
  text: string;
  /** The public part by which its row is found. */
  keyId: string;
  /** The first characters, for lists. */
  prefix: string;
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 12;
const SECRET_BYTES = 32;
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const SHOWN_ID_LENGTH = 4;

/** `gpx_live_` or `gpx_test_`, then id, secret and checksum in base62. Fixed and public, for secret scanners. */
export const API_KEY_PATTERN = /^gpx_(live|test)_([0-9A-Za-z]{12})[0-9A-Za-z]{49}$/;

/** Whatever starts like this is meant to be a key of ours, whole or not. */
export const API_KEY_START = 'gpx_';

export function newApiKey(mode: KeyMode): KeyParts {
  const keyId = Array.from({ length: ID_LENGTH }, () => BASE62[randomInt(BASE62.length)]).join('');
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH);
  const body = `gpx_${mode}_${keyId}${secret}`;
  return { text: body + checksum(body), keyId, prefix: prefixOf(body) };
}

/** Undefined for text that is no key of ours: wrong shape, or a checksum that shows a typing error or a guess. */
export function parseApiKey(text: string): KeyParts | undefined {
  const match = API_KEY_PATTERN.exec(text);
  if (!match) return undefined;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  if (checksum(body) !== text.slice(-CHECKSUM_LENGTH)) return undefined;
  return { text, keyId: match[2], prefix: prefixOf(text) };
}

function prefixOf(text: string): string {
  return text.slice(0, 'gpx_live_'.length + SHOWN_ID_LENGTH);
}

function checksum(body: string): string {
  return base62(BigInt(crc32(body)), CHECKSUM_LENGTH);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = BASE62[Number(rest % 62n)] + text;
  return text.padStart(length, BASE62[0]);
}
