import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../config/config.js';
import { newApiKey } from './api-key-format.js';
import { ApiKeyHasher } from './api-key-hasher.js';

const hasherWith = (apiKeyPepper: string): ApiKeyHasher =>
  new ApiKeyHasher({ auth: { apiKeyPepper } } as AppConfig);

describe('ApiKeyHasher', () => {
  const { text: key } = newApiKey('live');
  const { text: other } = newApiKey('live');

  it('tells a key from others by its HMAC', async () => {
    const hasher = hasherWith('pepper');
    const stored = await hasher.verifiersOf(key);
    expect(stored.keyBcrypt).toMatch(/^\$2[aby]\$10\$/);
    expect(JSON.stringify(stored)).not.toContain(key.slice(21));
    expect(await hasher.check(key, stored)).toBe('right');
    expect(await hasher.check(other, stored)).toBe('wrong');
  });

  it('falls back on bcrypt when the pepper is another one', async () => {
    const stored = await hasherWith('pepper').verifiersOf(key);
    const hasher = hasherWith('new pepper');
    expect(await hasher.check(key, stored)).toBe('right_by_bcrypt');
    expect(await hasher.check(other, stored)).toBe('wrong');
    expect(await hasher.check(key, { ...stored, ...hasher.hmacOf(key) })).toBe('right');
  });
});
