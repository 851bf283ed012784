import { dictionary } from '@zxcvbn-ts/language-common';
import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../config/config.js';
import { PasswordPolicy } from './password-policy.js';

const OWNER = { email: 'ada.lovelace@example.com', name: 'Ada Lovelace' };
const policyOf = (passwordMinLength: number): PasswordPolicy =>
  new PasswordPolicy({ auth: { passwordMinLength } } as AppConfig);

describe('PasswordPolicy', () => {
  const policy = policyOf(15);

  it.each([
    ['secure-password'],
    ['abcdefghijklmno'],
    ['aaaaaaaaaaaaaaa'],
    ['😀'.repeat(15)],
    ['with spaces in it'],
    ['               .'],
    ['x'.repeat(128)],
    ['é'.repeat(128)],
    ['e\u0301'.repeat(128)],
    ['my friend lovelace is here'],
  ])('accepts %j', (password) => {
    expect(policy.violation(password, OWNER)).toBeUndefined();
  });

  it.each([
    ['x'.repeat(14), 'at least 15'],
    ['😀'.repeat(14), 'at least 15'],
    ['\ufdfa', 'at least 15'],
    ['x'.repeat(129), 'at most 128'],
    ['\ufdfa'.repeat(15), 'at most 128'],
    [`${'x'.repeat(20)}\ud800`, 'half a character'],
    ['PasswordPassword', 'most frequent'],
    ['letmeinletmeinletmein', 'most frequent'],
    ['ada.lovelace@example.com', 'email address'],
    ['Ada Lovelace 1815', 'email address'],
    ['lovelace, lovelace', 'email address'],
    ['gpuproxy-gpuproxy', 'our name'],
  ])('refuses %j', (password, reason) => {
    expect(policy.violation(password, OWNER)).toContain(reason);
  });

  it('refuses each of the 3,000 most frequent passwords, whatever their case', () => {
    const policy = policyOf(8);
    const frequent = dictionary['passwords-common'].filter((word) => word.length >= 8).slice(0, 3000);
    expect(frequent).toHaveLength(3000);
    for (const password of frequent) {
      expect(policy.violation(password, OWNER)).toBeTruthy();
      expect(policy.violation(password.toUpperCase(), OWNER)).toBeTruthy();
    }
  });

  it('goes down to eight characters when the operator says so', () => {
    expect(policyOf(8).violation('k7#vQ9!z', OWNER)).toBeUndefined();
    expect(policyOf(8).violation('k7#vQ9!', OWNER)).toContain('at least 8');
  });
});
