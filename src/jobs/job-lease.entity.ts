import { Entity } from 'typeorm';
import { Id, Instant, Reference } from '../database/columns.js';

/** Which run of a job may go on, among all processes that share the database. */
@Entity('job_leases')
export class JobLease {
  @Id() name: string;
  /** The run that holds the lease. It changes with every run: the fence against one that lost its lease unnoticed. */
  @Reference({ nullable: true }) runId: string | null;
  /** Free from this instant on. */
  @Instant() leaseUntil: number;
  /** No process starts a round before this instant. */
  @Instant() dueAt: number;
}
