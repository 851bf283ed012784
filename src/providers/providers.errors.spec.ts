import { describe, expect, it } from 'vitest';
import { providerBusy, providerRejected, unknownProvider, withoutAddresses } from './providers.errors.js';

describe('errors of the farms', () => {
  it('show no address and no endless text of a farm', () => {
    expect(withoutAddresses('see https://console.vast.ai/x?api_key=1 or 10.0.0.5:80\nnow')).toBe(
      'see [address] or [address] now',
    );
    expect(withoutAddresses('x'.repeat(500))).toHaveLength(201);
    expect(providerRejected('io.net', 'ask http://10.1.1.1/').detail).not.toContain('10.1.1.1');
  });

  it('tell whole seconds of waiting, at least one', () => {
    expect(providerBusy('vast.ai', 61_200).headers).toEqual({ 'retry-after': '62' });
    expect(providerBusy('vast.ai', 0).headers).toEqual({ 'retry-after': '1' });
  });

  it('name the farms that exist', () => {
    const error = unknownProvider('aws', ['vast.ai', 'io.net'], 422);
    expect(error).toMatchObject({
      status: 422,
      code: 'unknown_provider',
      data: { known: ['vast.ai', 'io.net'] },
    });
    expect(error.detail).toContain('vast.ai, io.net');
  });
});
