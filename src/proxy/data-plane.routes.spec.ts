import { describe, expect, it } from 'vitest';
import { mergeDataPlaneRoutes } from './data-plane.openapi.js';
import { DATA_PLANE_ROUTES, matchRoute } from './data-plane.routes.js';

const match = (target: string, method = 'GET'): [string, string, string] | undefined => {
  const found = matchRoute(method, target);
  return found && [found.route.handler, found.parameter, found.rest];
};

describe('matchRoute', () => {
  it('takes its routes apart without decoding', () => {
    expect(match('/api/v1/gpu/pools/my%20pool/proxy/v1/x?a=/b')).toEqual(['pool', 'my%20pool', '/v1/x?a=/b']);
    expect(match('/api/v1/gpu/rentals/r-1/proxy')).toEqual(['rental', 'r-1', '/']);
    expect(match('/api/v1/gpu/rentals/r-1/proxy?a')).toEqual(['rental', 'r-1', '/?a']);
    expect(match('/api/v1/gpu/pools/p/proxy//evil.test')).toEqual(['pool', 'p', '//evil.test']);
    expect(match('http://any.test/api/v1/gpu/pools/p/proxy/x')).toEqual(['pool', 'p', '/x']);
    expect(match('/api/v1/gpu/proxy', 'POST')).toEqual(['envelope', '', '']);
    expect(match('/api/v1/gpu/proxy?x', 'POST')).toEqual(['envelope', '', '?x']);
    expect(match('/mcp/tools%20pool', 'DELETE')).toEqual(['mcp', 'tools%20pool', '']);
    expect(match('/mcp/tools?a=/b')).toEqual(['mcp', 'tools', '?a=/b']);
    expect(match('/v1/models?x')).toEqual(['openai_models', '', '/v1/models?x']);
    expect(match('/v1/models/org/model%201')).toEqual([
      'openai_models',
      'org/model%201',
      '/v1/models/org/model%201',
    ]);
    expect(match('/v1/chat/completions', 'POST')).toEqual(['openai', '', '/v1/chat/completions']);
    expect(match('/v1/files/f-1//x?a', 'DELETE')).toEqual(['openai', '', '/v1/files/f-1//x?a']);
    expect(match('http://any.test/v1/rerank', 'POST')).toEqual(['openai', '', '/v1/rerank']);
  });

  it('knows the paths of the Open Inference Protocol, with versions and names that hold slashes', () => {
    const template = (target: string, method = 'GET'): [string, string] | undefined => {
      const found = matchRoute(method, target);
      return found && [found.route.template, found.rest];
    };
    const paths = ['', '/ready', '/versions/2', '/versions/2/ready'].map((end) => `/v2/models/m${end}`);
    const templates = paths.map((path) =>
      template(path)?.[0]
        .replace(/\{model\}/, 'm')
        .replace(/\{version\}/, '2'),
    );
    expect(templates).toEqual(paths);
    expect(template('/v2/models/m/versions/2/infer?a=/b', 'POST')).toEqual([
      '/v2/models/{model}/versions/{version}/infer',
      '/v2/models/m/versions/2/infer?a=/b',
    ]);
    expect(template('/v2?x')).toEqual(['/v2', '/v2?x']);
    const others = ['/v2/models/a/b/infer', '/v2/models/m/infer/x', '/v2/models/m/versions//infer', '/v2/'];
    expect(others.map((path) => template(path, 'POST')?.[0])).toEqual(others.map(() => '/v2/{path}'));
    expect(template('/v2x')).toBeUndefined();
  });

  it.each([
    '/api/v1/gpu/pools',
    '/api/v1/gpu/pools/',
    '/api/v1/gpu/pools/p',
    '/api/v1/gpu/pools//proxy/x',
    '/api/v1/gpu/pools/p/proxied/x',
    '/api/v1/gpu/pools/a/b/proxy/x',
    '/api/v1/gpu/poolsx/p/proxy/x',
    '/api/v1/gpu/proxy',
    '/api/v1/gpu/proxy/',
    '//api/v1/gpu/pools/p/proxy/x',
    '/api/v1/gpu/./pools/p/proxy/x',
    '*',
    'http://any.test',
    '/mcp',
    '/mcp/',
    '/mcp/?x',
    '/mcp/p/x',
    '/mcpx/p',
    '/v1',
    '/v1?x',
    '/v11/models',
    '//v1/models',
  ])('leaves %s to others', (target) => {
    expect(match(target)).toBeUndefined();
  });
});

describe('mergeDataPlaneRoutes', () => {
  it('documents every route once per method, with operation ids of its own', () => {
    const document = mergeDataPlaneRoutes({
      openapi: '3.1.0',
      info: { title: '', version: '' },
      paths: { '/x': {} },
    });
    expect(Object.keys(document.paths)).toEqual(['/x', ...DATA_PLANE_ROUTES.map(({ template }) => template)]);
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
    );
    const methods = DATA_PLANE_ROUTES.map(({ method, documentedMethods }) =>
      method === 'ANY' ? (documentedMethods?.length ?? 7) : 1,
    );
    expect(ids).toHaveLength(methods.reduce<number>((sum, count) => sum + count, 0));
    expect(new Set(ids).size).toBe(ids.length);
  });
});
