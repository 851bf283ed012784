import { SetMetadata } from '@nestjs/common';

export const PROXY_RATE_LIMITED = 'proxy-rate-limited';

/** The route counts against PROXY_RATE_LIMIT_PER_MINUTE instead of RATE_LIMIT_PER_MINUTE. */
export const ProxyRateLimited = (): MethodDecorator & ClassDecorator => SetMetadata(PROXY_RATE_LIMITED, true);
