import type { OpenPort } from '../machines/machine-room.js';
import type { RentOrder } from './rent-order.js';
import type { VastOffer } from './vast-offer.js';

export type ActualStatus =
  | null
  | 'created'
  | 'loading'
  | 'running'
  | 'rebooting'
  | 'recycling'
  | 'exited'
  | 'frozen'
  | 'unknown'
  | 'offline';

export type Wanted = 'running' | 'stopped';

/** What a contract has cost so far, in micro-dollars with fractions. */
export interface VastBill {
  gpu: number;
  disk: number;
  upload: number;
  download: number;
}

/** One instance. Plain state: the timeline moves it, the meter bills it, the answers show it. */
export interface VastContract {
  readonly id: number;
  readonly offer: VastOffer;
  readonly order: RentOrder;
  /** Epoch ms of the farm's calendar. */
  readonly createdAt: number;
  label: string | null;
  /** Dollars per hour of the GPU part; a host's accepted price increase changes it. */
  gpuPerHour: number;
  /** Unix seconds. */
  endDate: number;
  actualStatus: ActualStatus;
  intendedStatus: Wanted;
  curState: Wanted;
  nextState: Wanted;
  statusMessage: string | null;
  runningSince: number | null;
  /** Null until mapped. */
  ports: OpenPort[] | null;
  destroyedAt: number | null;
  /** What this contract will run into while it boots, if anything. */
  fate: string | undefined;
  /** The GPU has been let to somebody else while this contract was stopped. */
  isRelet: boolean;
  bill: VastBill;
  billedUntil: number;
  billedBytesOut: number;
  logLines: string[];
  /** Cancels the next step of the timeline. */
  cancelNext: () => void;
  /** Counts the timeline's turns, so that a step that waited finds out that it is outdated. */
  turn: number;
}

export const isAlive = (contract: VastContract): boolean => contract.destroyedAt === null;

/** The GPU is billed: it computes, or it is paused with its memory in place. */
export const usesGpu = ({ actualStatus }: VastContract): boolean =>
  actualStatus === 'running' || actualStatus === 'frozen' || actualStatus === 'unknown';

export const billedMicro = ({ bill }: VastContract): number =>
  Math.round(bill.gpu + bill.disk + bill.upload + bill.download);
