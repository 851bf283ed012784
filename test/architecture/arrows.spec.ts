import { describe, expect, it } from 'vitest';
import { moduleOf, readSources } from './source-tree.js';

const BASE = ['common', 'config'];
const BELOW = [...BASE, 'database', 'redis', 'egress'];
const SERVICES = [...BELOW, 'audit', 'secrets', 'jobs'];
const DOMAIN = [...SERVICES, 'users', 'sessions', 'credits', 'providers', 'loadbalancer'];
const FEATURES = [...DOMAIN, 'auth', 'billing', 'gpu', 'proxy'];

/** Who may import whom; a module may always import itself. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  common: [],
  config: ['common'],
  database: [...BASE, 'migrations'],
  redis: BASE,
  egress: BASE,
  // Its personal data is sealed.
  audit: [...BELOW, 'secrets'],
  secrets: BELOW,
  jobs: BELOW,
  users: SERVICES,
  sessions: SERVICES,
  credits: SERVICES,
  providers: SERVICES,
  loadbalancer: SERVICES,
  auth: [...SERVICES, 'users', 'sessions'],
  billing: [...SERVICES, 'credits'],
  gpu: [...SERVICES, 'providers', 'loadbalancer', 'credits'],
  proxy: [...SERVICES, 'gpu', 'loadbalancer', 'credits', 'auth'],
  streaming: FEATURES,
  account: FEATURES,
  mcp: FEATURES,
  admin: FEATURES,
  metrics: [...BASE, 'database', 'redis'],
  health: [...BASE, 'database', 'redis'],
  sandbox: ['common', 'config'],
  cli: ['common'],
  'cli/client': ['common', 'cli'],
  'cli/admin': [...FEATURES, 'cli', 'migrations'],
};

const files = readSources();

describe('arrows between modules', () => {
  it('finds the code it is about', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(new Set(files.map(({ path }) => moduleOf(path)))).toContain('gpu');
  });

  it.each(Object.entries(ARROWS))('%s imports only what lies below it', (name, allowed) => {
    const wrong = files
      .filter(({ path }) => moduleOf(path) === name)
      .flatMap(({ path, imports, typeImports }) =>
        [...imports, ...typeImports].map((target) => ({ path, target })),
      )
      .filter(({ target }) => moduleOf(target) !== name && !allowed.includes(moduleOf(target)))
      .map(({ path, target }) => `${path} -> ${target}`);
    expect(wrong).toEqual([]);
  });

  it('knows every module', () => {
    const unknown = files
      .map(({ path }) => moduleOf(path))
      .filter((name) => name !== 'app' && !(name in ARROWS));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('lets nobody import the application itself', () => {
    const wrong = files
      .filter(({ path }) => moduleOf(path) !== 'app')
      .flatMap(({ path, imports }) => imports.map((target) => ({ path, target })))
      .filter(({ target }) => moduleOf(target) === 'app')
      .map(({ path, target }) => `${path} -> ${target}`);
    expect(wrong).toEqual([]);
  });

  it('has only sandbox wire types of the farms in the simulators', () => {
    const wrong = files
      .filter(({ path }) => moduleOf(path) === 'sandbox')
      .flatMap(({ path, imports }) => imports.map((target) => ({ path, target })))
      .filter(({ target }) => moduleOf(target) === 'providers');
    expect(wrong).toEqual([]);
  });
});

describe('imports', () => {
  it('form no cycle between files', () => {
    expect(findCycles(new Map(files.map(({ path, imports }) => [path, imports])))).toEqual([]);
  });

  it('use no forwardRef', () => {
    expect(files.filter(({ text }) => text.includes('forwardRef')).map(({ path }) => path)).toEqual([]);
  });
});

/** Each cycle as the files that close it, found by depth-first search. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) cycles.push([...trail.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}
