import { ok, type FarmAnswer, type FarmCall } from '../farm-call.js';
import type { VastFarm } from './vast-farm.js';
import { noSuchInstance } from './vast.errors.js';

/** How long the upload of a log takes, in simulated milliseconds. */
const UPLOAD_MS = 1500;
const DEFAULT_TAIL = 1000;

/** Older uploads are gone, as presigned links expire. */
const MAX_UPLOADS = 200;

interface Upload {
  text: string;
  isReady: boolean;
}

/** Logs are uploaded on request and then fetched from a plain URL without a key. */
export class VastLogs {
  private readonly uploads = new Map<string, Upload>();

  constructor(
    private readonly farm: VastFarm,
    private readonly origin: () => string,
  ) {}

  /** `PUT /api/v0/instances/request_logs/{id}/`. */
  request(call: FarmCall): FarmAnswer {
    const contract = this.farm.contracts.find(Number(call.params.id));
    if (!contract) throw noSuchInstance();
    const { tail, filter } = (call.body ?? {}) as { tail?: string; filter?: string };
    const lines = contract.logLines.filter((line) => !filter || line.includes(filter));
    const upload = { text: lines.slice(-Number(tail ?? DEFAULT_TAIL)).join('\n'), isReady: false };
    const name = `${this.farm.random.hex(8)}.log`;
    this.uploads.set(name, upload);
    if (this.uploads.size > MAX_UPLOADS) this.uploads.delete([...this.uploads.keys()][0]);
    this.farm.clock.schedule(UPLOAD_MS, () => (upload.isReady = true));
    return ok({ success: true, result_url: `${this.origin()}/instance_logs/${name}`, msg: 'logs uploaded' });
  }

  /** The storage behind `result_url`: 403 until the file is there, as S3 answers. */
  fetch(call: FarmCall): FarmAnswer {
    const upload = this.uploads.get(call.params.name);
    if (upload?.isReady) return { status: 200, body: upload.text, contentType: 'text/plain' };
    return {
      status: 403,
      body: '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>',
      contentType: 'application/xml',
    };
  }
}
