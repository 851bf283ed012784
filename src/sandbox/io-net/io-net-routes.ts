import type { FarmRoute } from '../farm-call.js';
import { checkName, listHardware, listLocations, listReplicas, quotePrice } from './catalogue-answers.js';
import {
  deploy,
  destroyDeployment,
  extendDeployment,
  listContainers,
  listDeployments,
  readLog,
  showContainer,
  showDeployment,
  updateDeployment,
} from './deployment-actions.js';
import type { IoNetFarm } from './io-net-farm.js';

/** The documented interface. */
export const ENTERPRISE_PREFIX = '/enterprise/v1/io-cloud/caas';

/** The console's own interface, which some clients use for places and logs. */
const CONSOLE_PREFIX = '/v1/io-cloud/caas';

export function ioNetRoutes(farm: IoNetFarm): FarmRoute[] {
  return [
    ...enterpriseRoutes(farm, ENTERPRISE_PREFIX),
    {
      method: 'GET',
      path: `${CONSOLE_PREFIX}/locations`,
      call: 'locations',
      handle: () => listLocations(farm),
    },
    logRoute(farm, CONSOLE_PREFIX),
  ];
}

function enterpriseRoutes(farm: IoNetFarm, prefix: string): FarmRoute[] {
  const deployment = `${prefix}/deployment/:id`;
  return [
    {
      method: 'GET',
      path: `${prefix}/hardware/max-gpus-per-container`,
      call: 'hardware',
      handle: () => listHardware(farm),
    },
    {
      method: 'GET',
      path: `${prefix}/available-replicas`,
      call: 'replicas',
      handle: (call) => listReplicas(farm, call),
    },
    { method: 'GET', path: `${prefix}/price`, call: 'price', handle: (call) => quotePrice(farm, call) },
    { method: 'POST', path: `${prefix}/deploy`, call: 'deploy', handle: (call) => deploy(farm, call) },
    {
      method: 'GET',
      path: `${prefix}/deployments`,
      call: 'list',
      handle: (call) => listDeployments(farm, call),
    },
    { method: 'GET', path: deployment, call: 'show', handle: (call) => showDeployment(farm, call) },
    { method: 'PATCH', path: deployment, call: 'update', handle: (call) => updateDeployment(farm, call) },
    { method: 'DELETE', path: deployment, call: 'destroy', handle: (call) => destroyDeployment(farm, call) },
    {
      method: 'GET',
      path: `${deployment}/containers`,
      call: 'containers',
      handle: (call) => listContainers(farm, call),
    },
    {
      method: 'POST',
      path: `${deployment}/extend`,
      call: 'extend',
      handle: (call) => extendDeployment(farm, call),
    },
    {
      method: 'GET',
      path: `${deployment}/containers-jobs/:container`,
      call: 'containers',
      handle: (call) => showContainer(farm, call),
    },
    logRoute(farm, prefix),
    {
      method: 'GET',
      path: `${prefix}/clusters/check_cluster_name_availability`,
      call: 'name',
      handle: (call) => checkName(farm, call),
    },
  ];
}

function logRoute(farm: IoNetFarm, prefix: string): FarmRoute {
  return {
    method: 'GET',
    path: `${prefix}/deployment/:id/log/:container`,
    call: 'logs',
    handle: (call) => readLog(farm, call),
  };
}
