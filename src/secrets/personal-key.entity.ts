import { Entity, Unique } from 'typeorm';
import { Id, Instant, Text } from '../database/columns.js';

/** Encrypts what is personal about one user in one month. Destroying the row makes all of it unreadable for good. */
@Entity('personal_keys')
@Unique(['ownerId', 'period'])
export class PersonalKey {
  @Id() id: string;

  /** The user's id; `nobody` for strangers. */
  @Text({ length: 64 }) ownerId: string;

  /** The month, as `2026-11`. */
  @Text({ length: 7 }) period: string;

  /** The key, itself sealed with the master key. */
  @Text() keySealed: string;

  @Instant() createdAt: number;
}
