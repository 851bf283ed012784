import type { IncomingHttpHeaders } from 'node:http';
import type { TakenFault } from './faults.js';

/** One request as a farm's handler sees it. */
export interface FarmCall {
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string | undefined>>;
  headers: IncomingHttpHeaders;
  /** Parsed JSON, or undefined without a body. */
  body: unknown;
  /** A planned fault that the handler itself has to act out. */
  fault?: TakenFault;
}

export interface FarmAnswer {
  status: number;
  /** Objects are sent as JSON, texts as they are. */
  body: unknown;
  contentType?: string;
}

/** Thrown by a handler to answer with an error of the farm. */
export class FarmRefusal extends Error {
  constructor(readonly answer: FarmAnswer) {
    super(`farm answers ${answer.status}`);
    this.name = 'FarmRefusal';
  }
}

export const ok = (body: unknown): FarmAnswer => ({ status: 200, body });

export interface FarmRoute {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  /** The name under which faults are injected and calls are recorded. */
  call: string;
  /** Answers without a key. */
  isOpen?: boolean;
  handle(call: FarmCall): FarmAnswer | Promise<FarmAnswer>;
}

/** Where a farm differs in how it treats every call. */
export interface FarmManners {
  /** Throws a FarmRefusal when the key is missing or wrong. */
  authorize(route: FarmRoute, call: FarmCall): void;
  /** Throws a FarmRefusal when the caller is too quick. */
  throttle(route: FarmRoute): void;
  /** The farm's wording of a transport fault. */
  transportAnswer(effect: string, route: FarmRoute): FarmAnswer | undefined;
  malformedBody(): FarmAnswer;
  /** A path or method that the farm does not have. */
  unknownRoute(): FarmAnswer;
}

/** A call as it was answered; status 0 = the connection was cut or left hanging. */
export interface RecordedCall {
  call: string;
  method: string;
  path: string;
  body: unknown;
  status: number;
  /** Real epoch ms of arrival. */
  at: number;
}
