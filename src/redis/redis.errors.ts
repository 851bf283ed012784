/** Redis is not there, or did not answer in time. For us alone: whoever meets it goes on without Redis, or says so. */
export class RedisUnavailable extends Error {
  constructor(reason: string) {
    super(`Redis is unavailable: ${reason}`);
    this.name = 'RedisUnavailable';
  }
}
