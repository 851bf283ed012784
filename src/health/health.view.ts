export class HealthView {
  /** `degraded`: it answers, and something that it needs does not. */
  status: 'ok' | 'degraded';
  timestamp: string;

  static from(isOk: boolean, now: number): HealthView {
    return { status: isOk ? 'ok' : 'degraded', timestamp: new Date(now).toISOString() };
  }
}
