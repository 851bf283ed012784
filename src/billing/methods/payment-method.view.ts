import type { NextAction } from '../processors/payment-processor.js';
import type { PaymentMethod } from './payment-method.entity.js';

/** A saved card, by what people recognise it by. */
export class PaymentMethodView {
  id: string;
  provider: string;
  brand: string;
  last4: string;
  exp_month: number;
  exp_year: number;
  /** The one that `card:saved` and automatic renewal use unless another is named. */
  is_default: boolean;
  created_at: string;

  static from(method: PaymentMethod, isDefault: boolean): PaymentMethodView {
    return {
      id: method.id,
      provider: method.provider,
      brand: method.brand,
      last4: method.last4,
      exp_month: method.expMonth,
      exp_year: method.expYear,
      is_default: isDefault,
      created_at: new Date(method.createdAt).toISOString(),
    };
  }
}

export class PaymentMethodListView {
  /** Latest first. */
  methods: PaymentMethodView[];
  count: number;

  static from(methods: readonly PaymentMethod[]): PaymentMethodListView {
    const views = methods.map((method, index) => PaymentMethodView.from(method, index === 0));
    return { methods: views, count: views.length };
  }
}

export class SavedMethodView {
  /** Absent while something is left to do. */
  method?: PaymentMethodView;
  /** {type: "confirm", client_secret} or {type: "redirect", url}; the method appears in the list afterwards. */
  next_action?: Record<string, unknown>;

  static from({ method, nextAction }: { method?: PaymentMethod; nextAction?: NextAction }): SavedMethodView {
    return {
      ...(method ? { method: PaymentMethodView.from(method, true) } : {}),
      ...(nextAction ? { next_action: { ...nextAction } } : {}),
    };
  }
}
