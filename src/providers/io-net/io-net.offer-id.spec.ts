import { describe, expect, it } from 'vitest';
import { fixture } from '../../../test/support/fixtures.js';
import { gpuMemoryGb } from './io-net.gpu-memory.js';
import { formatOfferId, parseOfferId } from './io-net.offer-id.js';

describe('offer ids', () => {
  it('go there and back without memory', () => {
    const selection = { hardwareId: 224, gpus: 8, locationId: 10 };
    expect(formatOfferId(selection)).toBe('224-8x-10');
    expect(parseOfferId('224-8x-10')).toEqual(selection);
  });

  it.each(['', '224', '224-8-10', '224-0x-10', '-1-1x-1', '224-8x-10/..', 'gpu_1x_l40'])(
    'are not %j',
    (text) => {
      expect(parseOfferId(text)).toBeUndefined();
    },
  );
});

describe('gpuMemoryGb', () => {
  it.each([
    ['GeForce RTX 4090', 24],
    ['GeForce RTX 3090', 24],
    ['A100-SXM4-80GB', 80],
    ['A100 40GB', 40],
    ['A100', 40],
    ['H100 80GB HBM3', 80],
    ['H100 80G PCIe', 80],
    ['H100 PCIe', 80],
    ['H100 NVL', 94],
    ['H200', 141],
    ['GH200', 96],
    ['B300 SXM6 AC', 288],
    ['L40S', 48],
    ['L4', 24],
    ['A10G', 24],
    ['V100', 16],
    ['Quantum 9000', 0],
  ])('%s has %i GB', (name, gigabytes) => {
    expect(gpuMemoryGb(name)).toBe(gigabytes);
  });

  it('knows every GPU of the captured catalogue', () => {
    const { data } = fixture<{ data: { hardware_name: string }[] }>('ionet/hardware-ids.captured.json');
    expect(data.filter(({ hardware_name: name }) => gpuMemoryGb(name) === 0)).toEqual([]);
  });
});
