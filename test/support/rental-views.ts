import type { RentalListView, RentalView } from '../../src/gpu/rentals/rental.view.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import type { BookedContract } from '../../src/sandbox/books.js';
import { eventually, type ApiCaller } from './running-daemon.js';

export async function rentalsOf(caller: ApiCaller): Promise<RentalView[]> {
  return (await caller.get<RentalListView>('/api/v1/gpu/rentals?limit=100')).body.rentals;
}

export async function rentalOf(caller: ApiCaller, id: string): Promise<RentalView> {
  return (await caller.get<RentalView>(`/api/v1/gpu/rentals/${id}`)).body;
}

export function untilServing(caller: ApiCaller, count: number): Promise<RentalView[]> {
  return eventually(async () => {
    const serving = (await rentalsOf(caller)).filter((rental) => rental.serving);
    return serving.length === count && serving;
  }, 40_000);
}

export function untilState(caller: ApiCaller, id: string, state: string): Promise<RentalView> {
  return eventually(async () => {
    const rental = await rentalOf(caller, id);
    return rental.state === state && rental;
  }, 40_000);
}

/** What both farms still bill, by their own books. */
export function rentedAtFarms(sandbox: Sandbox): BookedContract[] {
  return [...sandbox.vastAi.control.books().active, ...sandbox.ioNet.control.books().active];
}

export function untilNothingIsRented(sandbox: Sandbox): Promise<true> {
  return eventually(async () => rentedAtFarms(sandbox).length === 0, 40_000) as Promise<true>;
}
