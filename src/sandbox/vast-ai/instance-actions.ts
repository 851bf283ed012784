import { ok, type FarmAnswer, type FarmCall } from '../farm-call.js';
import { instanceAnswer } from './instance-answer.js';
import type { VastContract } from './vast-contract.js';
import type { VastFarm } from './vast-farm.js';
import {
  bidOutOfRange,
  instanceNotFound,
  insufficientCredit,
  invalidArgs,
  missingBilling,
  noSuchInstance,
  stateChangeQueued,
} from './vast.errors.js';

/** How often a start after a stop finds the GPU let to somebody else. */
const RELET_PROBABILITY = 0.2;

/** A destroyed or unknown instance is a 200 that holds null. */
export function showInstance(farm: VastFarm, call: FarmCall): FarmAnswer {
  if (call.fault?.effect === 'not_found') throw noSuchInstance();
  const contract = farm.contracts.find(Number(call.params.id));
  return ok({ instances: contract ? instanceAnswer(contract, farm.clock.now(), farm.host) : null });
}

/** `PUT /api/v0/instances/{id}/` with `state` or `label`. */
export function changeInstance(farm: VastFarm, call: FarmCall): FarmAnswer {
  const contract = found(farm, call);
  const { state, label } = (call.body ?? {}) as { state?: unknown; label?: unknown };
  if (call.fault?.effect === 'missing_billing') throw missingBilling();
  if (typeof label === 'string') return relabel(contract, label);
  if (state === 'stopped') {
    farm.contracts.stop(contract, contract.statusMessage);
    return ok({ success: true });
  }
  if (state === 'running') return start(farm, contract, call.fault?.effect === 'state_change_queued');
  throw invalidArgs("'state' must be running or stopped, or 'label' a text");
}

export function rebootInstance(farm: VastFarm, call: FarmCall): FarmAnswer {
  farm.timeline.bounce(found(farm, call), 'rebooting');
  return ok({ success: true });
}

export function recycleInstance(farm: VastFarm, call: FarmCall): FarmAnswer {
  farm.timeline.bounce(found(farm, call), 'recycling');
  return ok({ success: true });
}

export function destroyInstance(farm: VastFarm, call: FarmCall): FarmAnswer {
  const contract = farm.contracts.find(Number(call.params.id));
  if (!contract) throw farm.random.pick([instanceNotFound, noSuchInstance])();
  farm.contracts.destroy(contract);
  return ok({ success: true, msg: 'Instance destroyed successfully' });
}

export function changeBid(farm: VastFarm, call: FarmCall): FarmAnswer {
  const contract = found(farm, call);
  const { price } = (call.body ?? {}) as { price?: unknown };
  if (typeof price !== 'number' || price < 0.001) throw bidOutOfRange();
  farm.contracts.settleAll();
  contract.gpuPerHour = price;
  return ok({ success: true });
}

function found(farm: VastFarm, call: FarmCall): VastContract {
  const contract = farm.contracts.find(Number(call.params.id));
  if (!contract) throw noSuchInstance();
  return contract;
}

function relabel(contract: VastContract, label: string): FarmAnswer {
  if (label.length > 1024) throw invalidArgs("'label' is longer than 1024 characters");
  contract.label = label;
  return ok({ success: true, msg: `label for ${contract.id} set to '${label}'` });
}

/** When the GPU is let to somebody else the start is queued: it may happen, and bill, much later. */
function start(farm: VastFarm, contract: VastContract, isPlannedQueue: boolean): FarmAnswer {
  if (contract.curState === 'running') return ok({ success: true });
  if (!farm.account.canPay(1)) throw insufficientCredit();
  if (contract.endDate <= farm.clock.nowSeconds()) throw invalidArgs('the rental contract has expired');
  contract.intendedStatus = 'running';
  contract.nextState = 'running';
  const isQueued = isPlannedQueue || contract.isRelet || farm.random.chance(RELET_PROBABILITY);
  farm.timeline.restart(contract, isQueued ? farm.random.between(60, 600) : undefined);
  return isQueued ? stateChangeQueued() : ok({ success: true });
}
