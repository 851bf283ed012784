import { status as Code } from '@grpc/grpc-js';

const HTTP_STATUS: Readonly<Partial<Record<Code, number>>> = {
  [Code.INVALID_ARGUMENT]: 400,
  [Code.UNAUTHENTICATED]: 401,
  [Code.PERMISSION_DENIED]: 403,
  [Code.NOT_FOUND]: 404,
  [Code.RESOURCE_EXHAUSTED]: 429,
  [Code.UNIMPLEMENTED]: 501,
  [Code.UNAVAILABLE]: 503,
  [Code.DEADLINE_EXCEEDED]: 504,
};

/** What a server's gRPC status would have been over HTTP; 502 for what has no like there. */
export function httpStatusOf(code: Code): number {
  return HTTP_STATUS[code] ?? 502;
}
