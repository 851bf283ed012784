import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { creditsFromMicro } from '../../common/money.js';
import { RequestPricing } from '../../credits/requests/request-pricing.js';
import { InstanceDirectory } from '../../gpu/pools/instance.directory.js';
import { DataPlaneDoor } from '../../proxy/data-plane.door.js';
import type { StreamConnection } from '../connection.js';
import { FrameError } from '../frames.js';
import { Inference, type Usage } from './inference.js';
import { toInferRequest, type InferFrame } from './infer-request.js';
import { SocketRequest, SocketResponse } from './socket-exchange.js';

/** A running inference that can be ended early. */
export interface RunningInference {
  cancel(): void;
}

/** Sends inferences of sockets through the data plane's own door: the same limits, balancing, metering and prices. */
@Injectable()
export class InferenceStarter {
  constructor(
    private readonly door: DataPlaneDoor,
    private readonly instances: InstanceDirectory,
    private readonly pricing: RequestPricing,
  ) {}

  /** @throws FrameError; what the door refuses becomes a `failed` frame */
  start(frame: InferFrame, token: string, connection: StreamConnection, ended: () => void): RunningInference {
    const asked = toInferRequest(frame, this.instances);
    const request = new SocketRequest(asked, token, { remoteAddress: connection.address });
    const kind = { isPlain: frame.protocol === 'http', hidesUsage: asked.hidesUsage };
    const inference = new Inference(frame.id, connection, kind, (usage) => this.priceOf(usage), ended);
    const response = new SocketResponse(inference);
    const isTaken = this.door.handle(request.asIncomingMessage, response as unknown as ServerResponse);
    if (!isTaken) throw new FrameError('invalid_field', 'The path is none of the data plane.', frame.id);
    return {
      cancel: () => {
        inference.cancel();
        response.destroy();
      },
    };
  }

  private priceOf(usage: Usage | null): number {
    const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = usage ?? {};
    return creditsFromMicro(this.pricing.costOf({ inputTokens, outputTokens }));
  }
}
