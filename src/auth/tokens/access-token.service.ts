import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtSecretRequestType, JwtService } from '@nestjs/jwt';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import { AppConfig } from '../../config/config.js';
import { invalidToken } from '../auth.errors.js';

const ALGORITHM = 'HS256';
const TYPE = 'at+jwt';
const ISSUER = 'aiserve-gpuproxy';
const AUDIENCE = 'aiserve-gpuproxy-api';
const HEADER_FIELDS = new Set(['alg', 'typ', 'kid']);
/** Clocks of several servers differ; a token from further ahead was not made by one of them. */
const MOST_CLOCK_SKEW_SECONDS = 60;

/** What an access token says: whose it is and of which login. Role and rights are not in it; they are read. */
export interface AccessClaims {
  userId: string;
  sessionId: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/**
 * Access tokens (RFC 9068 JWTs, HS256 and nothing else). Signed with JWT_SECRET; those signed with JWT_SECRET_PREVIOUS
 * are accepted until they expire.
 */
@Injectable()
export class AccessTokenService {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  private readonly jwt: JwtService;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    const secrets = [config.auth.jwtSecret, ...config.auth.jwtSecretsPrevious].filter(Boolean);
    this.keys = new Map(secrets.map((secret) => [keyIdOf(secret), createSecretKey(secret, 'utf8')]));
    this.jwt = new JwtService({ secretOrKeyProvider: (request, token) => this.keyFor(request, token) });
  }

  /** Seconds that a new token is good for. */
  get lifeSeconds(): number {
    return Math.floor(this.config.auth.jwtExpirationMs / 1000);
  }

  sign(userId: string, sessionId: string): string {
    const issuedAt = this.nowSeconds();
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: userId,
      sid: sessionId,
      jti: newId(),
      iat: issuedAt,
      exp: issuedAt + this.lifeSeconds,
    };
    const [keyid] = this.keys.keys();
    return this.jwt.sign(claims, { keyid, algorithm: ALGORITHM, header: { alg: ALGORITHM, typ: TYPE } });
  }

  /** @throws DomainError 401 `invalid_token` for whatever reason a token is not good */
  verify(token: string): AccessClaims {
    const claims = this.read(token);
    if (!claims) throw invalidToken();
    return claims;
  }

  /** What a good token says; undefined for any other text, and why is nobody's business. */
  read(token: string): AccessClaims | undefined {
    try {
      return this.checkClaims(this.verifySignature(token));
    } catch {
      return undefined;
    }
  }

  private verifySignature(token: string): Record<string, unknown> {
    return this.jwt.verify<Record<string, unknown>>(token, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTimestamp: this.nowSeconds(),
    });
  }

  private checkClaims({ sub, sid, jti, iat, exp }: Record<string, unknown>): AccessClaims {
    const isComplete = typeof iat === 'number' && typeof exp === 'number' && isText(jti);
    if (!isText(sub) || !isText(sid) || !isComplete) throw invalidToken();
    if (iat > this.nowSeconds() + MOST_CLOCK_SKEW_SECONDS) throw invalidToken();
    return { userId: sub, sessionId: sid, expiresAt: exp * 1000 };
  }

  private keyFor(request: JwtSecretRequestType, token: string | object | Buffer): KeyObject {
    const keyId =
      request === JwtSecretRequestType.SIGN ? [...this.keys.keys()][0] : keyIdOfToken(String(token));
    const key = this.keys.get(keyId);
    if (!key) throw invalidToken();
    return key;
  }

  private nowSeconds(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}

/** Read strictly before any key is chosen: no other algorithm, no key or address of a key in the token, no extensions. */
function keyIdOfToken(token: string): string {
  const header = JSON.parse(
    Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
  ) as Record<string, unknown>;
  const isPlain = Object.keys(header).every((field) => HEADER_FIELDS.has(field));
  if (!isPlain || header.alg !== ALGORITHM || header.typ !== TYPE || !isText(header.kid))
    throw invalidToken();
  return header.kid;
}

/** Names a secret without giving a hint of it. */
function keyIdOf(secret: string): string {
  return createHash('sha256').update('gpuproxy key id').update(secret).digest('hex').slice(0, 16);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
