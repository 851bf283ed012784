/** Work that repeats for as long as the service runs. */
export interface Job {
  /** Unique, `noun-verb` in kebab case; it names the job's lease in the database and its log lines. */
  name: string;
  /** From one start to the next, over all processes together. */
  intervalMs: number;
  /**
   * One round. It may be cut short at any point and must leave what the next round can go on from. The signal fires
   * when the service stops or when the lease was lost; end soon after. What it throws is logged, and the next round
   * comes as usual.
   */
  run(signal: AbortSignal): Promise<void>;
}
