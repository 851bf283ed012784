/** An endpoint gave no usable answer. The message names its host and nothing that its URL or answer holds. */
export class ChainUnavailable extends Error {
  constructor(endpoint: string, reason: string) {
    super(`${endpoint}: ${reason}`);
    this.name = 'ChainUnavailable';
  }
}

/** An endpoint is not what the configuration says: another chain, or a token with other decimals. */
export class ChainMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ChainMismatch';
  }
}
