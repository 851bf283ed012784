import type { IoNetFarm } from './io-net-farm.js';
import { servedMs, type IoNetDeployment, type IoNetWorker } from './io-net-deployment.js';
import { naiveTime, naiveTimeOrNull } from './naive-time.js';

const MINUTE = 60_000;

export function statusWord(farm: IoNetFarm, status: string): string {
  return farm.isShouting ? status.toUpperCase() : status;
}

interface Progress {
  completed_percent: number;
  compute_minutes_served: number;
  compute_minutes_remaining: number;
}

/** After an early end nothing remains; a deployment that never ran has all of it left. */
function progressOf(deployment: IoNetDeployment, now: number): Progress {
  const bought = deployment.hours * 60;
  const served = Math.min(Math.floor(servedMs(deployment, now) / MINUTE), bought);
  const isOver = deployment.status === 'destroyed' || deployment.status === 'completed';
  return {
    completed_percent: Number(((served / bought) * 100).toFixed(2)),
    compute_minutes_served: served,
    compute_minutes_remaining: isOver ? 0 : bought - served,
  };
}

/** `data` of `GET /deployment/{id}`. */
export function deploymentDetail(farm: IoNetFarm, deployment: IoNetDeployment): object {
  const { order, hardware, placement } = deployment;
  const locationIds = [...new Set(placement.locationIds)];
  return {
    id: deployment.id,
    status: statusWord(farm, deployment.status),
    created_at: naiveTime(deployment.createdAt),
    started_at: naiveTimeOrNull(deployment.startedAt),
    finished_at: naiveTimeOrNull(deployment.finishedAt),
    amount_paid: deployment.paidMicro / 1_000_000,
    total_gpus: order.gpusPerContainer * order.replicas,
    gpus_per_container: order.gpusPerContainer,
    total_containers: order.replicas,
    hardware_name: hardware.hardware_name,
    hardware_id: hardware.hardware_id,
    locations: locationIds.map((id) => farm.catalogue.location(id)),
    brand_name: hardware.brand_name,
    ...progressOf(deployment, farm.clock.now()),
    container_config: {
      entrypoint: order.entrypoint,
      env_variables: Object.keys(order.env).length > 0 ? order.env : null,
      traffic_port: order.trafficPort,
      image_url: order.imageUrl,
      secret_env_keys: Object.keys(order.secretEnv),
    },
  };
}

/** A row of `GET /deployments`. */
export function deploymentRow(farm: IoNetFarm, deployment: IoNetDeployment): object {
  const { order, hardware } = deployment;
  const progress = progressOf(deployment, farm.clock.now());
  return {
    id: deployment.id,
    status: statusWord(farm, deployment.status),
    name: order.name,
    completed_percent: progress.completed_percent,
    hardware_quantity: order.gpusPerContainer * order.replicas,
    brand_name: hardware.brand_name,
    hardware_name: hardware.hardware_name,
    served: hoursAndMinutes(progress.compute_minutes_served),
    remaining: hoursAndMinutes(progress.compute_minutes_remaining),
    compute_minutes_served: progress.compute_minutes_served,
    compute_minutes_remaining: progress.compute_minutes_remaining,
    created_at: naiveTime(deployment.createdAt),
  };
}

/** A row of `GET /deployment/{id}/containers`. */
export function workerRow(farm: IoNetFarm, deployment: IoNetDeployment, worker: IoNetWorker): object {
  const events = worker.events.map(({ at, message }) => ({ time: naiveTime(at), message }));
  const isUp = worker.status === 'running';
  return {
    device_id: worker.deviceId,
    container_id: worker.containerId,
    hardware: deployment.hardware.hardware_name,
    brand_name: deployment.hardware.brand_name,
    created_at: naiveTime(worker.createdAt),
    uptime_percent: isUp ? 100 : 0,
    gpus_per_container: deployment.order.gpusPerContainer,
    status: statusWord(farm, worker.status),
    container_events: deployment.fate === 'events_null' ? null : events,
    public_url: worker.hasPublicUrl && worker.port ? `http://${farm.host}:${worker.port.hostPort}` : null,
  };
}

function hoursAndMinutes(minutes: number): string {
  return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}
