import { MoneyInput } from '../../common/money-input.js';
import type { QuotaChange } from '../../credits/quotas/quota-settings.js';
import type { ChangeQuotasDto } from '../dto/change-quotas.dto.js';
import type { ChangeUserDto } from '../dto/change-user.dto.js';
import type { UserChange } from './user-administration.service.js';

const SECONDS_PER_HOUR = 3600;

/** @throws DomainError 422 `invalid_input` */
export function userChangeFrom(input: ChangeUserDto, rawBody: string | undefined): UserChange {
  const money = new MoneyInput(input, rawBody);
  const creditsCapMicro = money.credits('credits_cap');
  money.finish();
  const { is_active: isActive, quotas } = input;
  return { creditsCapMicro, isActive, quotas: quotas && quotaChangeFrom(quotas) };
}

function quotaChangeFrom(input: ChangeQuotasDto): QuotaChange {
  const { max_requests: maxRequests, max_gpu_hours: hours, reset_interval: resetInterval, reset_at } = input;
  return {
    maxRequests,
    maxGpuSeconds: typeof hours === 'number' ? Math.round(hours * SECONDS_PER_HOUR) : hours,
    resetInterval,
    resetAt: typeof reset_at === 'string' ? Date.parse(reset_at) : reset_at,
  };
}
