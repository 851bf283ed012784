import { Entity } from 'typeorm';
import { Count, Id } from '../../../../database/columns.js';

/** Counts the addresses taken from one extended public key. It only goes up: an address is never given out again. */
@Entity('crypto_address_sequences')
export class AddressSequence {
  /** Fingerprint of the key. */
  @Id()
  id: string;

  @Count()
  nextIndex: number;
}
