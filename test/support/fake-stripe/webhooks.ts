import Stripe from 'stripe';

export interface StripeEvent {
  id: string;
  object: 'event';
  type: string;
  livemode: boolean;
  created: number;
  data: { object: unknown };
}

const { webhooks } = new Stripe('sk_test_signs_webhooks');

/** Sends events where a test says, signed by the SDK's own helper. */
export class StripeWebhooks {
  /** Everything that happened, oldest first. */
  readonly events: StripeEvent[] = [];
  /** Where they go by themselves; unset = withheld. */
  target: string | undefined;
  /** How often each is sent. */
  copies = 1;
  private readonly sending = new Set<Promise<unknown>>();

  constructor(
    readonly secret: string,
    private readonly nowSeconds: () => number,
    private readonly isLive: boolean,
  ) {}

  record(type: string, object: { id: string }): void {
    const id = `evt_fake${String(this.events.length + 1).padStart(6, '0')}`;
    const data = { object: structuredClone(object) };
    const event = {
      id,
      object: 'event' as const,
      type,
      livemode: this.isLive,
      created: this.nowSeconds(),
      data,
    };
    this.events.push(event);
    if (this.target === undefined) return;
    for (let copy = 0; copy < this.copies; copy += 1) this.track(this.send(event, this.target));
  }

  /** @returns the status that the receiver answered */
  async send(event: StripeEvent, target: string): Promise<number> {
    const payload = JSON.stringify(event, null, 2);
    return this.post(target, payload, this.sign(payload));
  }

  sign(payload: string, options: { secret?: string; timestamp?: number } = {}): string {
    const { secret = this.secret, timestamp = this.nowSeconds() } = options;
    return webhooks.generateTestHeaderString({ payload, secret, timestamp });
  }

  async post(target: string, payload: string, signature: string | undefined): Promise<number> {
    const answer = await fetch(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...(signature === undefined ? {} : { 'stripe-signature': signature }),
      },
      body: payload,
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.sending.size > 0) await Promise.all(this.sending);
  }

  private track(work: Promise<unknown>): void {
    const settled = work.catch(() => undefined).finally(() => this.sending.delete(settled));
    this.sending.add(settled);
  }
}
