import { Injectable } from '@nestjs/common';
import { Metadata, status as Code, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { AppConfig } from '../../../../config/config.js';
import {
  unsendableRequest,
  upstreamFirstByteTimeout,
  upstreamTooLarge,
  upstreamUnreachable,
} from '../../../proxy.errors.js';
import { describeFailure, type UpstreamPhase } from '../../../upstream-failure.js';
import { SendFailure } from '../../mcp/mcp-http.js';
import { GrpcChannels, type GrpcPlace } from './grpc-channels.js';
import { MOST_MESSAGE_BYTES } from './grpc-limits.js';

/** A server's answer: a message, or its status when that is not OK. */
export type GrpcAnswer<T> = { code: Code.OK; message: T } | { code: Exclude<Code, Code.OK>; details: string };

export interface GrpcCall<Request, Response> {
  place: GrpcPlace;
  method: MethodDefinition<Request, Response>;
  request: Request;
  /** Flat, lower case. */
  headers: readonly string[];
  signal: AbortSignal;
  /** Total, for the server to know; the signal is what enforces it. */
  timeLimitMs: number | undefined;
}

/** Names that the transport writes itself, or that mean something in HTTP/1.1 only. */
const NO_METADATA =
  /^(?:grpc-.*|:.*|te|host|via|connection|content-.*|accept.*|user-agent|transfer-encoding|expect)$/;
const TOO_LARGE = /^Received message larger than max/;

/** Unary calls. */
@Injectable()
export class GrpcCaller {
  constructor(
    private readonly config: AppConfig,
    private readonly channels: GrpcChannels,
  ) {}

  /** Rejects with SendFailure when there is no answer, or with the signal's reason. */
  async call<Request, Response>(call: GrpcCall<Request, Response>): Promise<GrpcAnswer<Response>> {
    call.signal.throwIfAborted();
    const metadata = metadataOf(call.headers);
    const { client, release } = await this.channels.take(call.place).catch((error: Error) => {
      throw new SendFailure(describeFailure(error, 'connect'));
    });
    try {
      call.signal.throwIfAborted();
      return await this.send(client, call, metadata);
    } finally {
      release();
    }
  }

  private send<Request, Response>(
    client: Awaited<ReturnType<GrpcChannels['take']>>['client'],
    { method, request, signal, timeLimitMs = Infinity }: GrpcCall<Request, Response>,
    metadata: Metadata,
  ): Promise<GrpcAnswer<Response>> {
    const deadline = Date.now() + Math.min(this.config.proxy.firstByteTimeoutMs, timeLimitMs);
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise((resolve, reject) => {
      let hasAnswered = false;
      const settle = (error: ServiceError | null, message?: Response): void => {
        signal.removeEventListener('abort', cancel);
        if (signal.aborted) return reject(signal.reason as Error);
        if (!error) return resolve({ code: Code.OK, message: message as Response });
        const failure = failureOf(error, hasAnswered);
        if (failure) reject(failure);
        else resolve({ code: error.code as Exclude<Code, Code.OK>, details: error.details });
      };
      const running = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        { deadline },
        settle,
      );
      const cancel = (): void => running.cancel();
      running.on('metadata', () => (hasAnswered = true));
      signal.addEventListener('abort', cancel, { once: true });
    });
  }
}

/**
 * Undefined when the server itself has said so. What the library makes up, a broken connection for instance, comes
 * without any header of a server.
 */
function failureOf(error: ServiceError, hasAnswered: boolean): SendFailure | undefined {
  if (TOO_LARGE.test(error.details)) return failure('answering', upstreamTooLarge(MOST_MESSAGE_BYTES));
  const isServers = hasAnswered || Object.keys(error.metadata.getMap()).length > 0;
  if (isServers) return undefined;
  if (error.code === Code.DEADLINE_EXCEEDED) return failure('sent', upstreamFirstByteTimeout());
  return failure('sent', upstreamUnreachable('connection_terminated', error));
}

function failure(phase: UpstreamPhase, error: Error): SendFailure {
  return new SendFailure(describeFailure(error, phase));
}

/** @throws DomainError 400 for what gRPC cannot carry */
function metadataOf(headers: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index].toLowerCase();
    if (NO_METADATA.test(name)) continue;
    const value = headers[index + 1];
    try {
      metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
    } catch (error) {
      throw unsendableRequest(error);
    }
  }
  return metadata;
}
