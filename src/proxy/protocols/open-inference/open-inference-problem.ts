import { toProblem } from '../../../common/problem.js';
import type { FormattedProblem } from '../../problem-format.js';

/** The protocol's only form of an error: one text. */
export function openInferenceProblem(error: unknown, requestId: string): FormattedProblem {
  const { status, headers, body } = toProblem(error, requestId);
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
    body: { error: body.detail },
  };
}

/** As the last event of a stream that breaks off. */
export function errorEvent(detail: string): string {
  return `data: ${JSON.stringify({ error: detail })}\n\n`;
}
