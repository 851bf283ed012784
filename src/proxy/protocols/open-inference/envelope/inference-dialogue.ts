import { Injectable } from '@nestjs/common';
import { McpHttp, type HttpAnswer } from '../../mcp/mcp-http.js';
import { Planner, type Question } from './planner.js';
import type { Plan } from './plan.js';

export interface Reply {
  /** The plan that was answered. */
  plan: Plan;
  answer: HttpAnswer;
}

const NOT_FOUND = 404;
/** What servers say to a route that they have not got, or not for this model. */
const REFUSALS = new Set([400, NOT_FOUND, 405, 501]);

/** Asks a target in the way that suits it, and once more when it refuses that way. */
@Injectable()
export class InferenceDialogue {
  constructor(
    private readonly planner: Planner,
    private readonly http: McpHttp,
  ) {}

  /** Rejects with SendFailure or DomainError, or with the signal's reason. */
  async ask(question: Question): Promise<Reply> {
    const plan = await this.planner.plan(question);
    const answer = await question.target.send(plan);
    if (plan.orElse && REFUSALS.has(answer.status)) return this.askAgain(question, plan.orElse, answer);
    if (answer.status === NOT_FOUND) this.planner.forget(question);
    return { plan, answer };
  }

  private async askAgain(question: Question, plan: Plan, refusal: HttpAnswer): Promise<Reply> {
    await this.http.read(refusal);
    const answer = await question.target.send(plan);
    if (answer.status < 300) this.planner.preferInfer(question);
    return { plan, answer };
  }
}
