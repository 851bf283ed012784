import { Entity } from 'typeorm';
import { Id, Instant, Text } from '../../database/columns.js';

/** A rented machine of the operator. The row is the contract: it is deleted when the contract ends. */
@Entity('static_contracts')
export class StaticContract {
  @Id()
  id: string;

  /** Also the contract's public id. Unique, so that two processes cannot rent the same machine. */
  @Text({ length: 63, unique: true })
  machineName: string;

  @Text({ length: 256 })
  label: string;

  @Instant()
  createdAt: number;
}
