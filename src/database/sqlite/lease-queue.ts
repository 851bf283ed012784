import { databaseUnavailable } from '../database-unavailable.js';

/** Exclusive use of one resource. Both ways of ending it may be called more than once; the first counts. */
export interface Lease<T> {
  readonly resource: T;
  giveBack(): void;
  /** For a resource in an unknown state: it is closed, and the next one is opened fresh. */
  discard(): void;
}

export interface LeaseQueueOptions<T> {
  max: number;
  /** How long a request waits before it fails with 503. */
  waitMs: number;
  open(): Promise<T>;
  close(resource: T): Promise<void>;
}

interface Waiter<T> {
  admit(resource: T): void;
  refuse(error: unknown): void;
}

/**
 * Up to `max` resources, opened when first needed and leased strictly in the order of asking. With `max` 1 it is a
 * mutex that hands over what it protects.
 */
export class LeaseQueue<T> {
  private readonly idle: T[] = [];
  private readonly leased = new Set<T>();
  private readonly waiters: Waiter<T>[] = [];
  private openCount = 0;
  private isClosed = false;
  private onAllReturned?: () => void;

  constructor(private readonly options: LeaseQueueOptions<T>) {}

  async acquire(): Promise<Lease<T>> {
    if (this.isClosed) throw databaseUnavailable(new Error('the database is closed'));
    const idle = this.idle.pop();
    if (idle !== undefined) return this.lease(idle);
    if (this.openCount < this.options.max) return this.lease(await this.open());
    return this.lease(await this.waitForTurn());
  }

  /** Refuses all who wait, waits up to `graceMs` for what is leased, then closes everything. */
  async close(graceMs: number): Promise<void> {
    this.isClosed = true;
    for (const waiter of this.waiters.splice(0)) waiter.refuse(new Error('the database is closing'));
    if (this.leased.size > 0) await this.allReturned(graceMs);
    const remaining = [...this.idle.splice(0), ...this.leased];
    this.leased.clear();
    await Promise.all(remaining.map((resource) => this.options.close(resource)));
  }

  private async open(): Promise<T> {
    this.openCount++;
    try {
      const resource = await this.options.open();
      if (!this.isClosed) return resource;
      await this.options.close(resource);
      throw databaseUnavailable(new Error('the database was closed meanwhile'));
    } catch (error) {
      this.openCount--;
      this.admitNextByOpening();
      throw error;
    }
  }

  private waitForTurn(): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = {
        admit: (resource) => (clearTimeout(timer), resolve(resource)),
        refuse: (error) => (clearTimeout(timer), reject(databaseUnavailable(error))),
      };
      const timer = setTimeout(() => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        waiter.refuse(new Error(`waited ${this.options.waitMs} ms for a connection`));
      }, this.options.waitMs);
      this.waiters.push(waiter);
    });
  }

  private lease(resource: T): Lease<T> {
    let isOver = false;
    this.leased.add(resource);
    const end = (pass: (resource: T) => void) => (): void => {
      if (isOver) return;
      isOver = true;
      if (!this.leased.delete(resource)) return;
      pass(resource);
      if (this.leased.size === 0) this.onAllReturned?.();
    };
    return {
      resource,
      giveBack: end((returned) => this.passOn(returned)),
      discard: end((broken) => this.replace(broken)),
    };
  }

  private passOn(resource: T): void {
    const next = this.waiters.shift();
    if (!next) return void this.idle.push(resource);
    this.leased.add(resource);
    next.admit(resource);
  }

  private replace(broken: T): void {
    this.openCount--;
    this.options.close(broken).catch(() => undefined);
    this.admitNextByOpening();
  }

  private admitNextByOpening(): void {
    if (this.isClosed) return;
    const next = this.waiters.shift();
    if (next) this.open().then(next.admit, next.refuse);
  }

  private allReturned(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.onAllReturned = () => (clearTimeout(timer), resolve());
    });
  }
}
