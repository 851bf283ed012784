import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../config/config.js';
import { SecretBox } from './secret-box.js';

const box = (encryptionKey: string): SecretBox => new SecretBox({ encryptionKey } as AppConfig);

describe('SecretBox', () => {
  const ours = box('a key of the operator');

  it('opens what it sealed and shows nothing of it', () => {
    const sealed = ours.seal({ HF_TOKEN: 'hf_canary' }, 'rentals|1|config');
    expect(sealed).not.toContain('hf_canary');
    expect(ours.open(sealed, 'rentals|1|config')).toEqual({ HF_TOKEN: 'hf_canary' });
  });

  it('seals the same value differently each time', () => {
    expect(ours.seal('x', 'p')).not.toBe(ours.seal('x', 'p'));
  });

  it('refuses a value moved to another row', () => {
    expect(() => ours.open(ours.seal('x', 'rentals|1|config'), 'rentals|2|config')).toThrow();
  });

  it('refuses another key and a changed byte', () => {
    const sealed = ours.seal('x', 'p');
    expect(() => box('another key').open(sealed, 'p')).toThrow();
    const changed = `${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'B' : 'A'}`;
    expect(() => ours.open(changed, 'p')).toThrow();
  });
});
