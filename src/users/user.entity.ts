import { Entity, Index, Unique } from 'typeorm';
import { Count, Flag, Id, Instant, Text } from '../database/columns.js';

/** An account. Its balance, keys and logins belong to other modules and point here by id. */
@Entity('users')
@Unique(['email'])
@Index(['createdAt', 'id'])
export class User {
  @Id() id: string;

  /** Trimmed and lower-cased: see `normalizeEmail`. */
  @Text({ length: 254 }) email: string;

  @Text({ length: 100 }) name: string;

  /** argon2id in PHC form; a bcrypt hash of an imported account until its first login. */
  @Text() passwordHash: string;

  /** The password was set by an operator and is good for one thing: choosing another. */
  @Flag() mustChangePassword: boolean;

  @Flag() isAdmin: boolean;

  @Flag() isActive: boolean;

  /**
   * Counts the events that end every login: change of password, disabling, logout everywhere. A login session carries
   * the number it was opened under and is void under any other, whatever became of its own row.
   */
  @Count() sessionEpoch: number;

  @Instant() createdAt: number;

  @Instant() updatedAt: number;
}
