import { Entity } from 'typeorm';
import { Amount, Id } from '../../database/columns.js';

/** How much of its spend limit a key has used. The limit itself stands with the key. */
@Entity('key_budgets')
export class KeyBudget {
  /** The key, or the first of those it was rotated from. */
  @Id()
  id: string;

  /** Charged to requests, or held for them in blocks that are open. */
  @Amount()
  committedMicro: number;
}
