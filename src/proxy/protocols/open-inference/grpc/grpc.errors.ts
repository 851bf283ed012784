import { DomainError } from '../../../../common/domain-error.js';

export const messageTooLarge = (maxBytes: number): DomainError =>
  new DomainError('payload_too_large', 413, `A request over gRPC may have up to ${maxBytes} bytes.`);
