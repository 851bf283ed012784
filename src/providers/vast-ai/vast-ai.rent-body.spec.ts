import { describe, expect, it } from 'vitest';
import type { RentRequest } from '../gpu-provider.js';
import { toRentBody } from './vast-ai.rent-body.js';

const REQUEST: RentRequest = {
  offerId: '27109936',
  label: 'gpx-1a2b3c4d-01hzx',
  image: 'vllm/vllm-openai:v0.10.0',
  diskGb: 60,
  env: { HF_TOKEN: 'hf_xxx' },
  ports: [8000],
  command: ['--model', 'Qwen/Qwen2.5-7B-Instruct', '--port', '8000'],
  durationHours: 1,
};

describe('the body of a rent', () => {
  it('keeps the entrypoint of the image, maps ports in the variables, and never waits for a GPU', () => {
    expect(toRentBody(REQUEST)).toEqual({
      client_id: 'me',
      image: 'vllm/vllm-openai:v0.10.0',
      disk: 60,
      label: 'gpx-1a2b3c4d-01hzx',
      runtype: 'args',
      args: ['--model', 'Qwen/Qwen2.5-7B-Instruct', '--port', '8000'],
      env: { HF_TOKEN: 'hf_xxx', '-p 8000:8000': '1' },
      target_state: 'running',
      cancel_unavail: true,
    });
  });

  it('is on demand: it names no price', () => {
    expect(toRentBody(REQUEST)).not.toHaveProperty('price');
  });

  it('runs a shell at start under SSH', () => {
    const body = toRentBody({ ...REQUEST, command: undefined, onstart: 'vllm serve' });
    expect(body).toMatchObject({ runtype: 'ssh_direct', onstart: 'vllm serve' });
    expect(body).not.toHaveProperty('args');
  });

  it('logs in to a registry, without white space that would read as another flag', () => {
    const registry = { server: 'registry.example.com', username: 'robot', password: 's3cret' };
    expect(toRentBody({ ...REQUEST, registry }).image_login).toBe('-u robot -p s3cret registry.example.com');
    expect(() => toRentBody({ ...REQUEST, registry: { ...registry, password: 'a b' } })).toThrow(
      /white space/,
    );
  });

  it('rents whole gigabytes, at least 8', () => {
    expect([1, 8, 12.2].map((diskGb) => toRentBody({ ...REQUEST, diskGb }).disk)).toEqual([8, 8, 13]);
  });

  it('maps nothing for a workload without a service', () => {
    expect(toRentBody({ ...REQUEST, ports: [] }).env).toEqual({ HF_TOKEN: 'hf_xxx' });
  });
});
