import type { Served } from '../../answer-sink.js';
import { EnvelopeAnswer } from '../../envelope-answer.js';
import type { Visit } from '../../visit.js';

const NOT_FOUND = 404;

/** What a server says to the end of a session. It may refuse (405) and forget the session by itself later. */
export class SessionEndAnswer extends EnvelopeAnswer {
  constructor(
    visit: Visit,
    /** The session is no more. */
    private readonly ended: () => void,
  ) {
    super(visit);
  }

  override head(status: number, reason: string, rawHeaders: readonly string[], served: Served): void {
    if (status < 300 || status === NOT_FOUND) this.ended();
    super.head(status, reason, rawHeaders, served);
  }
}
