export type FaultKind =
  /** Answers late. */
  | { kind: 'delay'; ms: number }
  /** Does nothing and answers 500; like the real one it gives that again for the same key. */
  | { kind: 'error' }
  | { kind: 'too_many' }
  /** Cuts the connection before anything happened. */
  | { kind: 'drop_before' }
  /** Does what was asked and cuts the connection. */
  | { kind: 'drop_after' };

export type Fault = FaultKind & {
  /** Which calls: `POST /v1/payment_intents`. */
  route: RegExp;
  /** How many calls; default 1. */
  times?: number;
};

/** What goes wrong, in the order in which tests asked for it. */
export class Faults {
  private readonly planned: Fault[] = [];

  plan(fault: Fault): void {
    this.planned.push({ times: 1, ...fault });
  }

  next(route: string): FaultKind | undefined {
    const index = this.planned.findIndex((fault) => fault.route.test(route));
    const fault = this.planned[index];
    if (!fault) return undefined;
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times === 0) this.planned.splice(index, 1);
    return fault;
  }
}
