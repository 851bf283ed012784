import { ok, type FarmAnswer, type FarmCall } from '../farm-call.js';
import { isId } from '../../common/id.js';
import { readDeployOrder, readPatch } from './deploy-order.js';
import { deploymentDetail, deploymentRow, statusWord, workerRow } from './deployment-answers.js';
import { InputReader } from './input-reader.js';
import type { IoNetFarm } from './io-net-farm.js';
import { isActive, STATUSES, type IoNetDeployment } from './io-net-deployment.js';
import {
  containerNotFound,
  deploymentNotFound,
  hardwareNotFound,
  invalidInput,
  nameTaken,
  noCredits,
  noReplicas,
  notExtendable,
} from './io-net.errors.js';

/** `POST /deploy`: paid and placed at once, running minutes later. */
export function deploy(farm: IoNetFarm, call: FarmCall): FarmAnswer {
  refusePlanned(call.fault?.effect);
  const order = readDeployOrder(call.body);
  const hardware = farm.catalogue.find(order.hardwareId);
  if (!hardware) throw hardwareNotFound();
  if (farm.deployments.isNameTaken(order.name)) throw nameTaken();
  if (order.gpusPerContainer > hardware.max_gpus_per_container) throw noReplicas();
  const placement = farm.catalogue.place(hardware, order.locationIds, order.gpusPerContainer, order.replicas);
  if (!placement) throw noReplicas();
  try {
    const fate = farm.faults.take('boot', String(order.hardwareId))?.effect;
    const deployment = farm.deployments.create(order, hardware, placement, fate);
    return ok({ status: statusWord(farm, deployment.status), deployment_id: deployment.id });
  } catch (error) {
    farm.catalogue.release(placement);
    throw error;
  }
}

export function listDeployments(farm: IoNetFarm, { query }: FarmCall): FarmAnswer {
  const input = new InputReader(query, ['query']);
  const page = input.optionalInteger('page', 0, 0);
  const size = Math.min(input.optionalInteger('page_size', 1, 10), 100);
  input.done();
  const wanted = query.status?.toLowerCase();
  const rows = farm.deployments.all().filter(({ status }) => wanted === undefined || status === wanted);
  const deployments = rows.slice(page * size, (page + 1) * size).map((row) => deploymentRow(farm, row));
  return ok({ data: { deployments, total: rows.length, statuses: rows.length > 0 ? STATUSES : [] } });
}

export function showDeployment(farm: IoNetFarm, call: FarmCall): FarmAnswer {
  return ok({ data: deploymentDetail(farm, found(farm, call)) });
}

export function listContainers(farm: IoNetFarm, call: FarmCall): FarmAnswer {
  const deployment = found(farm, call);
  const workers = deployment.workers.map((worker) => workerRow(farm, deployment, worker));
  return ok({ data: { total: workers.length, workers } });
}

/** One container, in the same shape; paged as the documents say, though there is never a second page. */
export function showContainer(farm: IoNetFarm, call: FarmCall): FarmAnswer {
  const deployment = found(farm, call);
  const input = new InputReader(call.query, ['query']);
  const skipped = input.optionalInteger('page', 0, 0) * input.optionalInteger('page_size', 1, 20);
  input.done();
  const workers = deployment.workers.filter(({ containerId }) => containerId === call.params.container);
  if (workers.length === 0) throw containerNotFound();
  const page = skipped === 0 ? workers : [];
  return ok({
    data: { total: workers.length, workers: page.map((worker) => workerRow(farm, deployment, worker)) },
  });
}

/** The container's output as an event stream; `stderr` is empty here. */
export function readLog(farm: IoNetFarm, call: FarmCall): FarmAnswer {
  const { workers } = found(farm, call);
  const worker = workers.find(({ containerId }) => containerId === call.params.container);
  if (!worker) throw containerNotFound();
  const lines = call.query.stream === 'stderr' ? [] : worker.logLines;
  return {
    status: 200,
    body: lines.map((line) => `data: ${line}\n\n`).join(''),
    contentType: 'text/event-stream',
  };
}

export function extendDeployment(farm: IoNetFarm, call: FarmCall): FarmAnswer {
  const deployment = found(farm, call);
  refusePlanned(call.fault?.effect);
  const input = new InputReader((call.body ?? {}) as Record<string, unknown>, ['body']);
  const hours = input.integer('duration_hours', 1);
  input.done();
  if (!isActive(deployment) || deployment.status === 'termination requested') throw notExtendable();
  farm.deployments.extend(deployment, hours);
  return ok({ data: deploymentDetail(farm, deployment) });
}

export function updateDeployment(farm: IoNetFarm, call: FarmCall): FarmAnswer {
  const deployment = found(farm, call);
  const order = readPatch(call.body, deployment.order);
  if (!isActive(deployment)) throw notExtendable();
  farm.deployments.reconfigure(deployment, order);
  return ok({ status: 'update requested', deployment_id: deployment.id });
}

/** An acknowledgement, not proof of stop. */
export function destroyDeployment(farm: IoNetFarm, call: FarmCall): FarmAnswer {
  const deployment = found(farm, call);
  farm.deployments.terminate(deployment);
  return ok({ status: statusWord(farm, deployment.status), deployment_id: deployment.id });
}

function found(farm: IoNetFarm, { params, fault }: FarmCall): IoNetDeployment {
  if (!isId(params.id)) {
    throw invalidInput([
      { type: 'uuid_parsing', loc: ['path', 'deployment_id'], msg: 'Input should be a valid UUID' },
    ]);
  }
  const deployment = farm.deployments.find(params.id);
  if (!deployment || fault?.effect === 'not_found') throw deploymentNotFound();
  return deployment;
}

function refusePlanned(effect: string | undefined): void {
  if (effect === 'no_credits') throw noCredits();
  if (effect === 'no_replicas') throw noReplicas();
  if (effect === 'name_taken') throw nameTaken();
}
