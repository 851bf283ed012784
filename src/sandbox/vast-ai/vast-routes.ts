import type { FarmRoute } from '../farm-call.js';
import { charges, currentUser } from './account-answers.js';
import {
  changeBid,
  changeInstance,
  destroyInstance,
  rebootInstance,
  recycleInstance,
  showInstance,
} from './instance-actions.js';
import { listInstances } from './instance-list.js';
import { rent } from './rent.js';
import { search } from './search.js';
import type { VastFarm } from './vast-farm.js';
import type { VastLogs } from './vast-logs.js';
import { deprecatedList } from './vast.errors.js';

const INSTANCES = '/api/v0/instances';

/** The endpoint map; paths end in a slash as the official client writes them. */
export function vastRoutes(farm: VastFarm, logs: VastLogs): FarmRoute[] {
  return [
    {
      method: 'POST',
      path: '/api/v0/bundles/',
      call: 'search',
      isOpen: true,
      handle: (call) => search(farm.market, call),
    },
    { method: 'PUT', path: '/api/v0/asks/:id/', call: 'rent', handle: (call) => rent(farm, call) },
    { method: 'GET', path: '/api/v1/instances/', call: 'list', handle: (call) => listInstances(farm, call) },
    { method: 'GET', path: `${INSTANCES}/`, call: 'list', handle: () => deprecatedList().answer },
    { method: 'GET', path: `${INSTANCES}/:id/`, call: 'show', handle: (call) => showInstance(farm, call) },
    { method: 'PUT', path: `${INSTANCES}/:id/`, call: 'state', handle: (call) => changeInstance(farm, call) },
    {
      method: 'DELETE',
      path: `${INSTANCES}/:id/`,
      call: 'destroy',
      handle: (call) => destroyInstance(farm, call),
    },
    {
      method: 'PUT',
      path: `${INSTANCES}/reboot/:id/`,
      call: 'reboot',
      handle: (call) => rebootInstance(farm, call),
    },
    {
      method: 'PUT',
      path: `${INSTANCES}/recycle/:id/`,
      call: 'recycle',
      handle: (call) => recycleInstance(farm, call),
    },
    {
      method: 'PUT',
      path: `${INSTANCES}/bid_price/:id/`,
      call: 'bid',
      handle: (call) => changeBid(farm, call),
    },
    {
      method: 'PUT',
      path: `${INSTANCES}/request_logs/:id/`,
      call: 'logs',
      handle: (call) => logs.request(call),
    },
    {
      method: 'GET',
      path: '/instance_logs/:name',
      call: 'log_file',
      isOpen: true,
      handle: (call) => logs.fetch(call),
    },
    { method: 'GET', path: '/api/v0/users/current/', call: 'account', handle: () => currentUser(farm) },
    { method: 'GET', path: '/api/v0/charges/', call: 'charges', handle: (call) => charges(farm, call) },
    ...priceIncreaseRoutes(farm),
  ];
}

function priceIncreaseRoutes({ priceIncreases }: VastFarm): FarmRoute[] {
  const call = 'price_increases';
  return [
    {
      method: 'GET',
      path: `${INSTANCES}/pending-price-increases/`,
      call,
      handle: () => priceIncreases.list(),
    },
    {
      method: 'PUT',
      path: `${INSTANCES}/accept-price-increase/`,
      call,
      handle: (request) => priceIncreases.accept(request),
    },
    {
      method: 'PUT',
      path: `${INSTANCES}/reject-price-increase/`,
      call,
      handle: (request) => priceIncreases.reject(request),
    },
  ];
}
