import type { ProviderName, RentRequest } from './gpu-provider.js';
import { providerRejected } from './providers.errors.js';

/** Names that no farm reads as one of its own flags, such as vast.ai's `-p 22:22`. */
const ENV_NAME = /^[A-Za-z_][\w.-]*$/;

/**
 * What every farm wants of a rent.
 * @throws DomainError `provider_rejected`
 */
export function checkRentRequest(provider: ProviderName, { env, command, onstart }: RentRequest): void {
  const badName = Object.keys(env).find((name) => !ENV_NAME.test(name));
  if (badName !== undefined) {
    throw providerRejected(provider, `${JSON.stringify(badName)} cannot be the name of a variable.`);
  }
  if (command && onstart) throw providerRejected(provider, 'command and onstart exclude each other.');
}
