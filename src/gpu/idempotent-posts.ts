import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller } from '../common/caller.js';
import { IdempotencyService, type Attempt } from '../database/idempotency.service.js';

export interface IdempotentPost {
  caller: Caller;
  headers: Readonly<Record<string, string | undefined>>;
  reply: FastifyReply;
  /** Keys of different operations never meet. */
  operation: string;
  input: unknown;
}

/** POSTs that cost money run once per `Idempotency-Key`; a repetition gets the first answer and says so. */
@Injectable()
export class IdempotentPosts {
  constructor(private readonly idempotency: IdempotencyService) {}

  async once<T>(
    { caller, headers, reply, operation, input }: IdempotentPost,
    work: (attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    const key = headers['idempotency-key'];
    const request = { userId: caller.userId, key, input: { operation, input } };
    const { replayed, result } = await this.idempotency.execute(request, work);
    if (replayed) void reply.header('idempotent-replayed', 'true');
    return result;
  }
}
