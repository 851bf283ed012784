import { FarmRefusal, ok, type FarmAnswer, type FarmCall } from '../farm-call.js';
import { readRentOrder } from './rent-order.js';
import {
  bidTooLow,
  insufficientCredit,
  missingBilling,
  NO_SUCH_ASK,
  refusedWith200,
  spendRateLimit,
} from './vast.errors.js';
import type { VastFarm } from './vast-farm.js';

/** `PUT /api/v0/asks/{id}/`: one contract on the ask's machine, whose other asks vanish with it. */
export function rent(farm: VastFarm, call: FarmCall): FarmAnswer {
  const askId = Number(call.params.id);
  const planned = plannedRefusal(farm, call.fault?.effect, askId);
  if (planned) return planned;
  const offer = farm.market.findRentable(askId);
  if (!offer) throw noSuchAsk(farm, askId);
  const order = readRentOrder(call.body, offer);
  farm.contracts.settleAll();
  if (!farm.account.canPay(1)) throw insufficientCredit();
  const isOutbid =
    call.fault?.effect === 'bid_too_low' || (order.bid !== undefined && order.bid < offer.min_bid);
  const contract = farm.contracts.create(offer, order, {
    fate: farm.faults.take('boot', String(askId))?.effect,
    isStopped: isOutbid || order.targetState === 'stopped',
  });
  if (isOutbid) throw bidTooLow(contract.id);
  return ok({ success: true, new_contract: contract.id, instance_api_key: farm.random.hex(40) });
}

function plannedRefusal(farm: VastFarm, effect: string | undefined, askId: number): FarmAnswer | undefined {
  switch (effect) {
    case 'insufficient_credit':
      return insufficientCredit().answer;
    case 'missing_billing':
      return missingBilling().answer;
    case 'spend_rate_limit':
      return spendRateLimit().answer;
    case 'refused_with_200':
      return refusedWith200();
    case 'offer_vanished':
      farm.market.withdraw(askId);
      return noSuchAsk(farm, askId).answer;
    default:
      return undefined;
  }
}

/** The farm words it in three ways; which one comes is chance. */
function noSuchAsk(farm: VastFarm, askId: number): FarmRefusal {
  return farm.random.pick(NO_SUCH_ASK)(askId);
}
