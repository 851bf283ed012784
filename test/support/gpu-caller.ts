import type { CreditsView } from '../../src/credits/credits.view.js';
import type { OfferListView, OfferView } from '../../src/gpu/offers/offer.view.js';
import type { CreatedRentalView } from '../../src/gpu/rentals/rental.view.js';
import { rentalsOf } from './rental-views.js';
import { ApiCaller, type Reply } from './running-daemon.js';

type Headers = Record<string, string>;

export async function offersOf(caller: ApiCaller, query: string): Promise<OfferView[]> {
  const { body } = await caller.get<OfferListView>(`/api/v1/gpu/instances?${query}`);
  return body.instances;
}

/** Asks for the cheapest offer of a farm. */
export async function askFor(
  caller: ApiCaller,
  provider: 'vast.ai' | 'io.net' | 'static',
  body: object = {},
  headers: Headers = {},
): Promise<Reply<CreatedRentalView>> {
  const [offer] = await offersOf(caller, `provider=${provider}`);
  return caller.post<CreatedRentalView>(`/api/v1/gpu/instances/${provider}/${offer.id}`, body, headers);
}

export interface Rented {
  id: string;
  contractId: string;
  instanceId: string;
  price: number;
}

/** Rents the cheapest offer of a farm. */
export async function rentAt(
  caller: ApiCaller,
  provider: 'vast.ai' | 'io.net' | 'static',
  body: object = {},
  headers: Headers = {},
): Promise<Rented> {
  const { status, body: rental } = await askFor(caller, provider, body, headers);
  if (status !== 201) throw new Error(`${provider} did not rent: ${status} ${JSON.stringify(rental)}`);
  return {
    id: rental.rental_id,
    contractId: rental.contract_id ?? '',
    instanceId: rental.instance_id ?? '',
    price: rental.price_per_hour,
  };
}

/** Ends everything that a test has left. */
export async function destroyAll(caller: ApiCaller): Promise<void> {
  for (const { id, provider } of await rentalsOf(caller)) {
    await caller.delete(`/api/v1/gpu/instances/${provider}/${id}`);
  }
}

export async function creditsOf(caller: ApiCaller): Promise<CreditsView> {
  return (await caller.get<CreditsView>('/api/v1/credits')).body;
}

/** The same person at another process of the service. */
export function at(caller: ApiCaller, url: string): ApiCaller {
  return new ApiCaller(url, caller.key);
}
