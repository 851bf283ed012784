import { Injectable } from '@nestjs/common';
import { productVersion } from '../../../../common/product-version.js';
import { InstanceDirectory } from '../../../../gpu/pools/instance.directory.js';
import type { Visit } from '../../../visit.js';
import { notServing, onlyRead } from '../open-inference.errors.js';

const READING = new Set(['GET', 'HEAD']);
/** What passes here unchanged; whether a server has it is told by the server itself. */
const EXTENSIONS = ['binary_tensor_data', 'generate'];

/** What /v2 says of itself when no pool is named: the proxy is the server then. */
@Injectable()
export class OwnAnswers {
  private readonly version = productVersion();

  constructor(private readonly instances: InstanceDirectory) {}

  /** @throws DomainError 405; 503 when the caller has no serving instance and asks for readiness */
  serve(visit: Visit, kind: 'server' | 'live' | 'ready'): void {
    if (!READING.has(visit.request.method ?? '')) throw onlyRead();
    const body = Buffer.from(JSON.stringify(this.bodyOf(visit, kind)));
    visit.answer(200, { 'content-type': 'application/json' }, body);
  }

  private bodyOf({ caller }: Visit, kind: 'server' | 'live' | 'ready'): object {
    if (kind === 'server') return { name: 'gpuproxy', version: this.version, extensions: EXTENSIONS };
    if (kind === 'live') return { live: true };
    if (!this.instances.ofOwner(caller.userId).some(({ isServing }) => isServing)) throw notServing();
    return { ready: true };
  }
}
