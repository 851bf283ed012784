import { Entity } from 'typeorm';
import { Id, Instant, Text } from '../database/columns.js';

/** The single row that tells our contracts from those of other installations on the same farm account. */
@Entity('installation')
export class InstallationRecord {
  @Id()
  id: string;

  @Text({ length: 16 })
  mark: string;

  @Instant()
  createdAt: number;
}
