import type { IoNetSelection } from './io-net.wire.js';

/*
 * io.net has no offers: one chooses hardware, GPUs per container and a place. The three make the id
 * `<hardware_id>-<gpus>x-<location_id>`, e.g. `12-1x-3`, so that it can be rented without having been listed.
 */

const OFFER_ID = /^(\d{1,9})-(\d{1,3})x-(\d{1,9})$/;

export function formatOfferId({ hardwareId, gpus, locationId }: IoNetSelection): string {
  return `${hardwareId}-${gpus}x-${locationId}`;
}

export function parseOfferId(offerId: string): IoNetSelection | undefined {
  const match = OFFER_ID.exec(offerId);
  if (!match || Number(match[2]) === 0) return undefined;
  return { hardwareId: Number(match[1]), gpus: Number(match[2]), locationId: Number(match[3]) };
}
