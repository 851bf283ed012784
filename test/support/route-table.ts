import type { INestApplication } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { RequestMethod } from '@nestjs/common';
import { ROUTE_ACCESS, type RouteAccess } from '../../src/common/caller.js';
import { DATA_PLANE_ROUTES } from '../../src/proxy/data-plane.routes.js';

/** A route as the running application serves it. */
export interface ServedRoute {
  method: string;
  /** As in the OpenAPI document: `/api/v1/gpu/rentals/{id}`. */
  path: string;
  access: RouteAccess;
}

const UNPREFIXED = new Set(['health', 'docs-asyncapi', 'metrics']);
const ANY_METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'];
const PROXY: RouteAccess = { kind: 'scope', scope: 'proxy:use' };

/** Every route of every controller that the application has. */
export function controllerRoutes(app: INestApplication): ServedRoute[] {
  const modules = [...app.get(ModulesContainer).values()];
  const controllers = modules.flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => routesOf(metatype as ControllerClass));
}

/** Every route of the data plane, a line for each method that is documented. */
export function dataPlaneRoutes(): ServedRoute[] {
  return DATA_PLANE_ROUTES.flatMap(({ method, template, documentedMethods }) => {
    const any = documentedMethods?.map((name) => name.toUpperCase()) ?? ANY_METHODS;
    const methods = method === 'ANY' ? any : [method];
    return methods.map((name) => ({ method: name, path: template, access: PROXY }));
  });
}

export const nameOf = ({ method, path }: ServedRoute): string => `${method} ${path}`;

type ControllerClass = new (...dependencies: never[]) => object;

function routesOf(controller: ControllerClass): ServedRoute[] {
  const prototype = controller.prototype as Record<string, object>;
  const base = String(Reflect.getMetadata(PATH_METADATA, controller));
  const names = Object.getOwnPropertyNames(prototype).filter(
    (name) => name !== 'constructor' && Reflect.hasMetadata(METHOD_METADATA, prototype[name]),
  );
  return names.map((name) => {
    const handler = prototype[name];
    const tail = String(Reflect.getMetadata(PATH_METADATA, handler)).replace(/^\/$/, '');
    const access = (Reflect.getMetadata(ROUTE_ACCESS, handler) ??
      Reflect.getMetadata(ROUTE_ACCESS, controller)) as RouteAccess;
    return {
      method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number],
      path: pathOf(base, tail),
      access,
    };
  });
}

function pathOf(base: string, tail: string): string {
  const words = [base, tail].filter((part) => part !== '').join('/');
  const prefix = UNPREFIXED.has(words.split('/')[0]) ? '' : '/api/v1';
  return `${prefix}/${words}`.replaceAll(/:(\w+)/g, '{$1}');
}
