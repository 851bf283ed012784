/** What can go wrong with any call on its way, whatever the farm. */
export type TransportEffect =
  /** The answer comes, `delayMs` of real time late. */
  | 'slow'
  /** The connection is destroyed before anything has happened. */
  | 'cut_before'
  /** The call is carried out, then the connection is destroyed. */
  | 'cut_after'
  /** The call is carried out, then the gateway answers 504. */
  | 'html_504_after'
  /** No answer until the client gives up. */
  | 'never_answers'
  | 'rate_limited'
  | 'html_502'
  | 'html_504'
  | 'server_error';

export interface FaultRule {
  /** How many matching calls are hit; default 1. */
  times?: number;
  /** Only calls about this offer, contract, deployment or hardware id. */
  id?: string | number;
  /** For `slow`: real milliseconds; default 1000. */
  delayMs?: number;
}

export interface TakenFault {
  effect: string;
  delayMs: number;
}

interface PlannedFault extends TakenFault {
  call: string;
  id?: string;
  remaining: number;
}

/**
 * Faults planned by a test and consumed by the calls they match, oldest first. `Calls` maps each kind of call to
 * the effects that make sense there; `any` matches every call over the wire.
 */
export class FaultQueue<Calls extends object> {
  private planned: PlannedFault[] = [];

  inject<Call extends keyof Calls & string>(
    call: Call,
    effect: Calls[Call] & string,
    rule: FaultRule = {},
  ): void {
    const { times = 1, id, delayMs = 1000 } = rule;
    this.planned.push({
      call,
      effect,
      remaining: times,
      delayMs,
      id: id === undefined ? undefined : String(id),
    });
  }

  take(call: string, id?: string): TakenFault | undefined {
    const fault = this.planned.find((candidate) => matches(candidate, call, id));
    if (!fault) return undefined;
    fault.remaining -= 1;
    if (fault.remaining <= 0) this.planned = this.planned.filter((other) => other !== fault);
    return { effect: fault.effect, delayMs: fault.delayMs };
  }

  /** Calls that the planned faults still wait for. */
  get left(): number {
    return this.planned.reduce((sum, { remaining }) => sum + remaining, 0);
  }

  clear(): void {
    this.planned = [];
  }
}

function matches(fault: PlannedFault, call: string, id: string | undefined): boolean {
  const isSameCall = fault.call === call || (fault.call === 'any' && call !== 'boot');
  return isSameCall && (fault.id === undefined || fault.id === id);
}
