import { Injectable } from '@nestjs/common';
import { AnswerDelivery } from './answer-delivery.js';
import { InferenceDialogue } from './inference-dialogue.js';
import { InferTargets, type Asked } from './infer-targets.js';
import type { Attempt } from './inference-runner.js';

/** Asks one target and gives its answer to the caller. */
@Injectable()
export class InferenceConversation {
  constructor(
    private readonly targets: InferTargets,
    private readonly dialogue: InferenceDialogue,
    private readonly delivery: AnswerDelivery,
  ) {}

  /** @param created epoch seconds. Rejects with SendFailure or DomainError, or with the signal's reason. */
  async hold(asked: Asked, attempt: Attempt, created: number): Promise<void> {
    const { visit, request } = asked;
    const target = this.targets.at(asked, attempt);
    const { plan, answer } = await this.dialogue.ask({ request, target, requestId: visit.requestId });
    attempt.tally.status = answer.status;
    if (answer.status < 500) attempt.route.lease?.firstByte();
    const { dialect } = plan;
    const completion = { id: `cmpl-${visit.requestId}`, created, model: request.model ?? '', dialect };
    const delivery = { visit, attempt, plan, answer, completion };
    if (request.isStream) await this.delivery.asStream(delivery);
    else await this.delivery.inOnePiece(delivery);
  }
}
