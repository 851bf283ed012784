import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../config/config.js';
import { SecretBox } from './secret-box.js';

const box = (encryptionKey: string, ...encryptionKeysPrevious: string[]): SecretBox =>
  new SecretBox({
    encryptionKey,
    encryptionKeysPrevious: encryptionKeysPrevious as readonly string[],
  } as AppConfig);

describe('SecretBox', () => {
  const ours = box('a key of the operator');

  it('opens what it sealed and shows nothing of it', () => {
    const sealed = ours.seal({ HF_TOKEN: 'hf_canary' }, 'reservations|1|config');
    expect(sealed).not.toContain('hf_canary');
    expect(ours.open(sealed, 'reservations|1|config')).toEqual({ HF_TOKEN: 'hf_canary' });
  });

  it('seals the same value differently each time', () => {
    expect(ours.seal('x', 'p')).not.toBe(ours.seal('x', 'p'));
  });

  it('refuses a value moved to another row', () => {
    expect(() => ours.open(ours.seal('x', 'reservations|1|config'), 'reservations|2|config')).toThrow();
  });

  it('refuses another key', () => {
    expect(() => box('another key').open(ours.seal('x', 'p'), 'p')).toThrow();
  });

  it('refuses a change of any byte', () => {
    const [version, keyId, text] = ours.seal('x', 'p').split('.');
    const sealed = Buffer.from(text, 'base64url');
    for (const index of sealed.keys()) {
      // Bytes, not characters: a text's last character may hold bits that belong to no byte.
      const changed = Buffer.from(sealed);
      changed[index] ^= 1;
      const forged = `${version}.${keyId}.${changed.toString('base64url')}`;
      expect(() => ours.open(forged, 'p')).toThrow();
    }
  });

  it('opens what older keys sealed while they are named, and seals with the new one', () => {
    const old = ours.seal('x', 'p');
    const renewed = box('a new key', 'a key of the operator');
    expect(renewed.open(old, 'p')).toBe('x');
    expect(old.startsWith(renewed.currentPrefix)).toBe(false);
    expect(renewed.seal('x', 'p').startsWith(renewed.currentPrefix)).toBe(true);
    expect(() => box('a new key').open(old, 'p')).toThrow('which is not set');
  });

  it('opens what was sealed before keys had ids', () => {
    const [, , text] = ours.seal('x', 'p').split('.');
    expect(box('a new key', 'a key of the operator').open(`v1.${text}`, 'p')).toBe('x');
    expect(() => box('a new key').open(`v1.${text}`, 'p')).toThrow();
  });

  it('takes no other text', () => {
    for (const text of ['', 'v1.', 'v3.abc', 'plain'])
      expect(() => ours.open(text, 'p')).toThrow('not a sealed value');
  });

  it('seals nothing without a key', () => {
    expect(() => box('').seal('x', 'p')).toThrow('neither ENCRYPTION_KEY nor JWT_SECRET');
  });
});
