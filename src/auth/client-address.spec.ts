import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../config/config.js';
import { ClientAddress, limitKeyOf } from './client-address.js';

const addressOf = (
  remoteAddress: string | undefined,
  forwarded?: string | string[],
  trusted: string[] = [],
): string => {
  const addresses = new ClientAddress({ server: { trustedProxies: trusted } } as unknown as AppConfig);
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded as string };
  return addresses.of({ socket: { remoteAddress }, headers });
};
const PROXIES = ['10.0.0.0/8', 'fd00::/8'];

describe('ClientAddress', () => {
  it.each([
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['::ffff:192.0.2.1', undefined, '192.0.2.1'],
    [undefined, undefined, '0.0.0.0'],
    ['192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['fd00::1', '2001:db8::1', '2001:db8::1'],
    ['10.0.0.1', 'spoofed, 198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '203.0.113.66, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['10.0.0.1', '1', '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
  ])('of socket %s with X-Forwarded-For %s is %s', (socket, forwarded, expected) => {
    expect(addressOf(socket, forwarded, PROXIES)).toBe(expected);
  });

  it('trusts nobody unless told', () => {
    expect(addressOf('10.0.0.1', '198.51.100.1')).toBe('10.0.0.1');
  });
});

describe('limitKeyOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ])('%s counts as %s', (address, key) => expect(limitKeyOf(address)).toBe(key));
});
