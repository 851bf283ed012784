import { Entity } from 'typeorm';
import { Id, Instant, Text } from '../database/columns.js';

/** The strategy that a user has chosen for pools without one of their own. No row: the operator's default. */
@Entity('load_balancer_preferences')
export class StrategyPreference {
  @Id() userId: string;
  @Text({ length: 32 }) strategy: string;
  @Instant() updatedAt: number;
}
