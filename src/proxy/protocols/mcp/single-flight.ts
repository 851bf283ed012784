import { upstreamFirstByteTimeout } from '../../proxy.errors.js';

/** Work that several callers want at the same time is done once, for none of them in particular. */
export class SingleFlight<T> {
  private readonly underWay = new Map<string, Promise<T>>();

  /** Rejects early, without disturbing the work, when the caller's own signal is aborted. */
  async share(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const running = this.underWay.get(key) ?? this.start(key, work);
    let leave = (): void => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason as Error);
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([running, left]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  private start(key: string, work: () => Promise<T>): Promise<T> {
    const running = work();
    this.underWay.set(key, running);
    const forget = (): boolean => this.underWay.delete(key);
    running.then(forget, forget);
    return running;
  }
}

/** For work that no caller's own limit applies to. @throws DomainError 504 `upstream_first_byte_timeout` */
export async function withinTime<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(upstreamFirstByteTimeout()), ms);
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
  }
}
