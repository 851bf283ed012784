import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerEverything } from '../../../test/support/api-answers.js';
import { startApiDouble, type ApiDouble, type ReceivedRequest } from '../../../test/support/api-double.js';
import { runClient, shellWords } from '../../../test/support/run-client.js';

/** The command lines of the product's description, as printed there, and the request that each must make. */
const PRINTED: [line: string, request: string, body?: object][] = [
  ['./bin/aiserve-gpuproxy-client -key YOUR_API_KEY list', 'GET /api/v1/gpu/instances'],
  [
    './bin/aiserve-gpuproxy-client -key YOUR_API_KEY list vast.ai',
    'GET /api/v1/gpu/instances?provider=vast.ai',
  ],
  [
    './bin/aiserve-gpuproxy-client -key YOUR_API_KEY list io.net',
    'GET /api/v1/gpu/instances?provider=io.net',
  ],
  [
    './bin/aiserve-gpuproxy-client -key YOUR_API_KEY create vast.ai 12345',
    'POST /api/v1/gpu/instances/vast.ai/12345',
    {},
  ],
  [
    './bin/aiserve-gpuproxy-client -key YOUR_API_KEY destroy vast.ai 12345',
    'DELETE /api/v1/gpu/instances/vast.ai/12345',
  ],
  [
    './bin/aiserve-gpuproxy-client -key YOUR_API_KEY proxy https https://api.example.com',
    'POST /api/v1/gpu/proxy',
    { protocol: 'https', target_url: 'https://api.example.com' },
  ],
  ['./bin/aiserve-gpuproxy-client -key YOUR_API_KEY -dv -dm list', 'GET /api/v1/gpu/instances'],
  [
    './bin/aiserve-gpuproxy-client -key $KEY lb-strategy least_connections',
    'PUT /api/v1/loadbalancer/strategy',
    { strategy: 'least_connections' },
  ],
  ['./bin/aiserve-gpuproxy-client -key $KEY load server', 'GET /api/v1/loadbalancer/loads'],
  ['./bin/aiserve-gpuproxy-client -key $KEY load provider', 'GET /api/v1/gpu/instances'],
  [
    './bin/aiserve-gpuproxy-client -key $KEY load',
    'GET /api/v1/loadbalancer/loads, GET /api/v1/gpu/instances',
  ],
  [
    './bin/aiserve-gpuproxy-client -key $KEY reserve 16',
    'POST /api/v1/gpu/instances/reserve',
    { count: 16, filters: {}, config: {} },
  ],
];

const bodyOf = ({ body }: ReceivedRequest): unknown => (body === '' ? undefined : JSON.parse(body));

describe('the command lines of the description', () => {
  let double: ApiDouble;
  beforeAll(async () => {
    double = await startApiDouble();
    answerEverything(double);
  });
  afterAll(() => double.close());
  beforeEach(() => void double.received.splice(0));

  it.each(PRINTED)('%s', async (line, request, body) => {
    const words = shellWords(line, { KEY: 'YOUR_API_KEY' });
    const run = await runClient(words, { env: { GPUPROXY_API_URL: double.url } });
    expect(run.status).toBe(0);
    expect(double.received.map(({ method, url }) => `${method} ${url}`).join(', ')).toBe(request);
    expect(double.received.every(({ headers }) => headers['x-api-key'] === 'YOUR_API_KEY')).toBe(true);
    expect(bodyOf(double.received[0])).toEqual(body);
    expect(run.stdout).not.toBe('');
  });
});
