import type { Clock } from '../../common/clock.js';
import type { CallOptions } from '../gpu-provider.js';
import type { HttpAnswer, ProviderHttp } from '../provider-http.js';
import { providerUnavailable } from '../providers.errors.js';
import { TransportFault } from '../transport-fault.js';

const POLLS = 30;
const POLL_MS = 500;

/** Amazon's S3, where the documentation's uploads lie, and the farm's own hosts. Other hosts of Amazon are anybody's. */
const LOG_HOST = /(?:^|\.)s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com$|(?:^|\.)vast\.ai$/;

/**
 * Waits for an upload that the farm announced. The address comes from an answer, so only known hosts are opened, and
 * our key is not sent along. Until the upload is there the store answers 403 or 404.
 */
export class VastAiLogs {
  constructor(
    private readonly http: ProviderHttp,
    private readonly clock: Clock,
    private readonly apiUrl: string,
  ) {}

  /** @throws DomainError `provider_unavailable` for a foreign address or when nothing is uploaded in time */
  async fetch(resultUrl: string, { signal }: CallOptions): Promise<string> {
    if (!isLogUrl(resultUrl, this.apiUrl))
      throw providerUnavailable('vast.ai', 'its logs lie at an unknown place');
    for (let poll = 0; poll < POLLS; poll++) {
      const answer = await this.poll(resultUrl, signal);
      if (answer?.status === 200) return answer.text;
      await this.clock.sleep(POLL_MS, signal);
    }
    throw providerUnavailable('vast.ai', 'its logs were not uploaded in time');
  }

  private async poll(url: string, signal?: AbortSignal): Promise<HttpAnswer | undefined> {
    try {
      return await this.http.exchange({ method: 'GET', url }, signal);
    } catch (error) {
      if (error instanceof TransportFault && !signal?.aborted) return undefined;
      throw error;
    }
  }
}

/** HTTPS at a known host, or whatever the configured API itself serves. */
export function isLogUrl(text: string, apiUrl: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username || url.password) return false;
  if (url.origin === new URL(apiUrl).origin) return true;
  return url.protocol === 'https:' && url.port === '' && LOG_HOST.test(url.hostname);
}
