import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';

const ID_BYTES = 16;
const SECRET_BYTES = 32;
const TAG_BYTES = 16;
const TOKEN_BYTES = ID_BYTES + SECRET_BYTES + TAG_BYTES;
const TOKEN_TEXT = /^[\w-]{86}$/;

/** A token that we made, for a session that may or may not be live. */
export interface RefreshToken {
  text: string;
  sessionId: string;
}

/**
 * The refresh tokens of a session: its id, 256 secret bits and a tag that shows that we made it, as one opaque text.
 * The first secret is random. Each next one is an HMAC of the one before, so that a caller whose answer was lost can be
 * given the same successor again although only hashes are stored. Thanks to the tag, rubbish is refused without a look
 * at the store, and a token that is ours but not current is certainly a used one.
 */
@Injectable()
export class RefreshTokens {
  private readonly keys: readonly Buffer[];

  constructor(config: AppConfig) {
    this.keys = [config.auth.jwtSecret, ...config.auth.jwtSecretsPrevious].map(deriveKey);
  }

  /** The first token of a session. */
  issue(sessionId: string): RefreshToken {
    return this.build(sessionId, randomBytes(SECRET_BYTES));
  }

  /** The only token that may follow the given one. */
  successorOf(token: RefreshToken): RefreshToken {
    const secret = createHmac('sha256', this.keys[0]).update('successor').update(token.text).digest();
    return this.build(token.sessionId, secret);
  }

  /** Undefined for anything that is not one of our tokens. */
  parse(text: string): RefreshToken | undefined {
    if (!TOKEN_TEXT.test(text)) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== text) return undefined;
    const body = bytes.subarray(0, ID_BYTES + SECRET_BYTES);
    const tag = bytes.subarray(ID_BYTES + SECRET_BYTES);
    if (!this.keys.some((key) => timingSafeEqual(tagOf(key, body), tag))) return undefined;
    return { text, sessionId: idFromBytes(bytes.subarray(0, ID_BYTES)) };
  }

  private build(sessionId: string, secret: Buffer): RefreshToken {
    const body = Buffer.concat([Buffer.from(sessionId.replaceAll('-', ''), 'hex'), secret]);
    const text = Buffer.concat([body, tagOf(this.keys[0], body)]).toString('base64url');
    return { text, sessionId };
  }
}

/** What the store keeps of a token. */
export function hashRefreshToken({ text }: RefreshToken): string {
  return createHash('sha256').update(text).digest('hex');
}

function deriveKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'gpuproxy refresh token', 32));
}

function tagOf(key: Buffer, body: Buffer): Buffer {
  return createHmac('sha256', key).update('tag').update(body).digest().subarray(0, TAG_BYTES);
}

function idFromBytes(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
