import type { OpenPort } from '../machines/machine-room.js';
import type { DeployOrder } from './deploy-order.js';
import type { IoNetHardware, Placement } from './hardware-catalogue.js';

export const STATUSES = [
  'running',
  'completed',
  'failed',
  'deployment requested',
  'termination requested',
  'destroyed',
] as const;
export type DeploymentStatus = (typeof STATUSES)[number];

/** One replica: a container on a device of its own. */
export interface IoNetWorker {
  readonly deviceId: string;
  readonly containerId: string;
  readonly createdAt: number;
  status: 'pending' | 'running' | 'failed';
  events: { at: number; message: string }[];
  port: OpenPort | null;
  hasPublicUrl: boolean;
  logLines: string[];
}

/** Plain state: the lifecycle moves it, the answers show it. Instants are epoch ms of the farm's calendar. */
export interface IoNetDeployment {
  readonly id: string;
  readonly hardware: IoNetHardware;
  readonly placement: Placement;
  readonly createdAt: number;
  order: DeployOrder;
  status: DeploymentStatus;
  startedAt: number | null;
  finishedAt: number | null;
  /** Hours bought so far. */
  hours: number;
  paidMicro: number;
  refundedMicro: number;
  workers: IoNetWorker[];
  fate: string | undefined;
  /** What the books do when it fails by itself. */
  onFailed: () => void;
  cancelNext: () => void;
  turn: number;
}

const MS_PER_HOUR = 3_600_000;

export const endsAt = ({ startedAt, hours }: IoNetDeployment): number | null =>
  startedAt === null ? null : startedAt + hours * MS_PER_HOUR;

/** Still rented, or still to be let go. */
export const isActive = ({ status }: IoNetDeployment): boolean =>
  status === 'deployment requested' || status === 'running' || status === 'termination requested';

export function servedMs(deployment: IoNetDeployment, now: number): number {
  if (deployment.startedAt === null) return 0;
  const end = Math.min(deployment.finishedAt ?? now, endsAt(deployment) ?? now);
  return Math.max(0, end - deployment.startedAt);
}

/** What an early end gives back: the first hour never, the rest to the millisecond; everything if it never ran. */
export function refundMicro(deployment: IoNetDeployment, now: number): number {
  const boughtMs = deployment.hours * MS_PER_HOUR;
  const keptMs = deployment.startedAt === null ? 0 : Math.max(MS_PER_HOUR, servedMs(deployment, now));
  return Math.round(deployment.paidMicro * Math.max(0, 1 - keptMs / boughtMs));
}
