import { Entity, Index, PrimaryColumn } from 'typeorm';
import { COLUMN_KINDS } from '../../database/column-kinds.js';
import { Count, Instant } from '../../database/columns.js';

/** What is remembered of failed logins and of sign-ups, per account and per address; known accounts or not. */
@Entity('login_attempts')
@Index(['updatedAt'])
export class LoginAttempt {
  /** `account:` and a hash of the email address, `login:` or `register:` and an address. */
  @PrimaryColumn(COLUMN_KINDS.id) key: string;

  /** Wrong passwords in a row. */
  @Count() failures: number;

  @Instant() lockedUntil: number;

  /** State of the address's bucket: when it is full again (see `decide`). */
  @Instant() fullAt: number;

  @Instant() updatedAt: number;
}
