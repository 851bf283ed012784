import { Injectable, Logger } from '@nestjs/common';

/**
 * A hint that something has happened and is committed. Names are `noun.verb`. Hints may be lost with the
 * process: every consequence that matters is re-derived by a job.
 */
export interface DomainEvent<T = unknown> {
  name: string;
  /** Whose event it is; absent for events of the whole service. */
  userId?: string;
  /** Epoch milliseconds. */
  at: number;
  data: T;
}

export type EventListener = (event: DomainEvent) => void;

/** In-process publish and subscribe. A listener's failure is logged and never reaches the emitter. */
@Injectable()
export class EventBus {
  private readonly logger = new Logger(EventBus.name);
  private readonly listeners = new Map<string, Set<EventListener>>();

  emit(event: DomainEvent): void {
    for (const listener of this.listeners.get(event.name) ?? []) this.deliver(listener, event);
  }

  /** Returns the function that ends the subscription. */
  on(name: string, listener: EventListener): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  private deliver(listener: EventListener, event: DomainEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.logger.error({ msg: 'event listener failed', event: event.name, err: error });
    }
  }
}
