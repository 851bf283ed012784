import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Headers, HttpCode, Ip, Param, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../../common/caller.js';
import type { RequestWithRawBody } from '../raw-body.js';
import { CallbackInbox } from './callback-inbox.js';
import { CallbackView } from './callback.view.js';
import { CallbackWorker } from './callback-worker.js';

/** What the guard has found out about the caller, reverse proxies considered. */
interface CallbackRequest extends RequestWithRawBody {
  device?: { ip: string };
}

@ApiTags('billing')
@Controller('billing/webhooks')
export class CallbacksController {
  constructor(
    private readonly inbox: CallbackInbox,
    private readonly worker: CallbackWorker,
  ) {}

  /** Call-backs of payment processors (stripe, afterdark). The signature in the headers is the credential. */
  @Post(':provider')
  @HttpCode(200)
  @Public()
  async receive(
    @Param('provider') provider: string,
    @Req() { rawBody, device }: CallbackRequest,
    @Ip() socketAddress: string,
    @Headers() headers: IncomingHttpHeaders,
  ): Promise<CallbackView> {
    await this.inbox.receive({ provider, rawBody, headers, address: device?.ip ?? socketAddress });
    this.worker.nudge();
    return { received: true };
  }
}
