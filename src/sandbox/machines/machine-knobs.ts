/** How a machine behaves; tests turn these while it runs. */
export interface MachineKnobs {
  /** Real milliseconds before every answer. */
  latencyMs: number;
  /** Real milliseconds between two streamed tokens. */
  tokenDelayMs: number;
  /** Every request is answered 500. */
  isFailing: boolean;
  /** Health and readiness say 503; everything else works. */
  isUnhealthy: boolean;
  /** The socket is destroyed after this many streamed chunks, or in the middle of a plain answer. */
  cutAfterChunks: number | undefined;
}

export const defaultKnobs = (): MachineKnobs => ({
  latencyMs: 0,
  tokenDelayMs: 4,
  isFailing: false,
  isUnhealthy: false,
  cutAfterChunks: undefined,
});
