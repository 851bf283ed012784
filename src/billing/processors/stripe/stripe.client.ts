import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { AppConfig } from '../../../config/config.js';
import { providerNotConfigured } from '../../billing.errors.js';

/** The shape of answers that this code was written for; call-backs are shaped by the end point's own version. */
const API_VERSION = '2026-10-28.endive';
const TIMEOUT_MS = 10_000;
/** Each with the key of the first try, so that nothing happens twice. */
const RETRIES = 2;

/** Stripe's own SDK, pointed where the configuration says. It follows no redirects. */
@Injectable()
export class StripeClient {
  private readonly sdk: Stripe | undefined;
  readonly isLive: boolean;
  /** Which deployment a payment at Stripe belongs to: several may share an account. */
  readonly environment: string;

  constructor({ payments, mode }: AppConfig) {
    const { secretKey, apiUrl, isLive } = payments.stripe;
    this.isLive = isLive;
    this.environment = mode.nodeEnv;
    this.sdk = secretKey === undefined ? undefined : new Stripe(secretKey, optionsFor(new URL(apiUrl)));
  }

  get isConfigured(): boolean {
    return this.sdk !== undefined;
  }

  /** @throws DomainError 501 `provider_not_configured` */
  get api(): Stripe {
    if (!this.sdk) throw providerNotConfigured('stripe');
    return this.sdk;
  }
}

function optionsFor({ protocol, hostname, port }: URL): Stripe.StripeConfig {
  const isPlain = protocol === 'http:';
  return {
    apiVersion: API_VERSION,
    protocol: isPlain ? 'http' : 'https',
    host: hostname,
    port: port === '' ? (isPlain ? 80 : 443) : Number(port),
    timeout: TIMEOUT_MS,
    maxNetworkRetries: RETRIES,
    telemetry: false,
  };
}
