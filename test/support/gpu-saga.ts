import { CallerVerifier } from '../../src/auth/verification/caller-verifier.js';
import { Installation } from '../../src/gpu/installation.service.js';
import { toRentalConfig } from '../../src/gpu/rentals/rental-configs.js';
import type { Rental } from '../../src/gpu/rentals/rental.entity.js';
import { RentalOpener } from '../../src/gpu/rentals/rental-opener.js';
import type { ProviderName, ProviderOffer } from '../../src/providers/gpu-provider.js';
import { ProvidersService } from '../../src/providers/providers.service.js';
import type { LabDaemon } from './gpu-lab.js';
import type { ApiCaller } from './running-daemon.js';

/**
 * The steps of a rent, taken one by one at the places where a process may die between them.
 */
export class Saga {
  constructor(private readonly daemon: LabDaemon) {}

  async userOf(caller: ApiCaller): Promise<string> {
    return (await this.daemon.app.get(CallerVerifier).verify({ 'x-api-key': caller.key })).userId;
  }

  /** The intent is committed and the money held; no farm has heard of it. */
  async open(caller: ApiCaller, provider: ProviderName, id?: string): Promise<Rental> {
    const config = toRentalConfig({}, 'sandbox/image');
    const order = { id, userId: await this.userOf(caller), offer: await this.offer(provider), config };
    return this.daemon.app.get(RentalOpener).open(order);
  }

  /** A contract exists at the farm under this label, and nothing is written down about it. */
  async contract(provider: ProviderName, label: string): Promise<string> {
    const { offerId } = await this.offer(provider);
    const order = { offerId, label, image: 'sandbox/image', diskGb: 16, env: {}, ports: [8000] };
    const farm = this.daemon.app.get(ProvidersService).byName(provider);
    return (await farm.rent({ ...order, durationHours: 1 }, {})).contractId;
  }

  /** As if somebody had ended it by hand. */
  destroy(provider: ProviderName, contractId: string): Promise<void> {
    return this.daemon.app.get(ProvidersService).byName(provider).destroyContract(contractId, {});
  }

  labelFor(rentalId: string): string {
    return this.daemon.app.get(Installation).labelFor(rentalId);
  }

  private async offer(provider: ProviderName): Promise<ProviderOffer> {
    const providers = this.daemon.app.get(ProvidersService);
    const { offers } = await providers.searchAll({}, { providers: [provider], maxAgeMs: 0 });
    return offers[0];
  }
}
