import 'reflect-metadata';
import { join } from 'node:path';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { describe, expect, it } from 'vitest';
import { ROUTE_ACCESS, type RouteAccess } from '../../src/common/caller.js';
import { readSources } from './source-tree.js';

/** Reachable without credentials; anything else here has to be argued for. */
const PUBLIC_ROUTES = new Set([
  'AsyncApiController.show',
  // Signed by the payment provider; its signature is the credential.
  'CallbacksController.receive',
  'HealthController.summary',
  'HealthController.live',
  'HealthController.ready',
  // METRICS_TOKEN is the credential.
  'MetricsController.show',
  'AuthController.register',
  'AuthController.logIn',
  // The refresh token in its body is the credential.
  'AuthController.logOut',
  'AuthController.refresh',
  // Address and password in its body are the credential.
  'AccountController.restore',
]);

interface Route {
  name: string;
  path: string;
  access: RouteAccess | undefined;
}

type ControllerClass = new (...dependencies: never[]) => object;

async function readRoutes(): Promise<Route[]> {
  const files = readSources().filter(({ path }) => path.endsWith('.controller.ts'));
  const modules = await Promise.all(
    files.map(
      ({ path }) => import(join(import.meta.dirname, '..', '..', path)) as Promise<Record<string, unknown>>,
    ),
  );
  return modules
    .flatMap((module) => Object.values(module))
    .filter(isController)
    .flatMap(routesOf);
}

function isController(value: unknown): value is ControllerClass {
  return typeof value === 'function' && Reflect.hasMetadata(PATH_METADATA, value);
}

function routesOf(controller: ControllerClass): Route[] {
  const prototype = controller.prototype as Record<string, object>;
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor' && Reflect.hasMetadata(METHOD_METADATA, prototype[name]))
    .map((name) => ({
      name: `${controller.name}.${name}`,
      path: String(Reflect.getMetadata(PATH_METADATA, controller)),
      access: (Reflect.getMetadata(ROUTE_ACCESS, prototype[name]) ??
        Reflect.getMetadata(ROUTE_ACCESS, controller)) as RouteAccess | undefined,
    }));
}

const routes = await readRoutes();

describe('routes of controllers', () => {
  it('are found', () => {
    expect(routes.length).toBeGreaterThan(25);
  });

  it('each declare how they may be reached', () => {
    expect(routes.filter(({ access }) => access === undefined).map(({ name }) => name)).toEqual([]);
  });

  it('are public only where this list says so', () => {
    const open = routes.filter(({ access }) => access?.kind === 'public').map(({ name }) => name);
    expect(open.filter((name) => !PUBLIC_ROUTES.has(name))).toEqual([]);
  });

  it('are for administrators wherever their path says so', () => {
    const wrong = routes.filter(({ path, access }) => path.startsWith('admin') && access?.kind !== 'admin');
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});
