import type { ProviderContract, ProviderOffer } from '../../src/providers/gpu-provider.js';
import type { Rental } from '../../src/gpu/rentals/rental.entity.js';

export const NOON = 1_791_547_200_000;

/** A rental that waits for its contract to come up; tests say what differs. */
export function rentalOf(difference: Partial<Rental> = {}): Rental {
  return {
    id: 'rental-1',
    userId: 'user-1',
    reservationId: null,
    provider: 'vast.ai',
    offerId: '100',
    machineId: '7',
    label: 'gpx-abcdef01-rental-1',
    contractId: '555',
    instanceId: 'vast-555',
    state: 'provisioning',
    reason: null,
    since: NOON,
    isServing: false,
    contractGoneAt: null,
    settledAt: null,
    gpuModel: 'RTX 4090',
    gpuCount: 1,
    vramGb: 24,
    location: null,
    priceMicro: 400_000,
    providerPriceMicro: 400_000,
    minimumHours: 0,
    origins: {},
    healthPath: null,
    healthPort: null,
    hasService: true,
    timeLimitMs: null,
    durationHours: null,
    endsAt: null,
    createdAt: NOON,
    contractAt: NOON,
    runningAt: null,
    servedAt: null,
    endedAt: null,
    ...difference,
  };
}

export function contractOf(difference: Partial<ProviderContract> = {}): ProviderContract {
  return {
    contractId: '555',
    label: 'gpx-abcdef01-rental-1',
    state: 'pending',
    origins: new Map(),
    ...difference,
  };
}

export function offerOf(difference: Partial<ProviderOffer> = {}): ProviderOffer {
  return {
    provider: 'vast.ai',
    offerId: '100',
    machineId: '7',
    capacity: 1,
    gpuName: 'RTX 4090',
    gpuCount: 1,
    vramGb: 24,
    cpuCores: 16,
    ramGb: 64,
    storageGb: 200,
    pricePerHour: 0.4,
    location: 'Texas, US',
    countryCode: 'US',
    verified: true,
    reliability: 0.99,
    specifications: {},
    ...difference,
  };
}
