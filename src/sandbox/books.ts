/** One contract as the farm's own ledger sees it. */
export interface BookedContract {
  id: string;
  label: string | null;
  /** vast.ai: the physical machine; io.net: the device that carries the container. */
  machineId: string;
  /** vast.ai: the ask; io.net: the hardware id. */
  offerId: string;
  /** The farm's own word. */
  state: string;
  /** Epoch ms of the farm's calendar at which the contract was made. */
  startedAt: number;
  endedAt: number | null;
  billedMicro: number;
}

/** What a farm believes: `active` is everything that is still rented or still costs something. */
export interface FarmBooks {
  active: BookedContract[];
  ended: BookedContract[];
  totalBilledMicro: number;
  /** What is left of the prepaid credit; may be negative. */
  creditMicro: number;
}
