/** Answers of the server as they stand on the wire; instants are ISO-8601 text in UTC, prices dollars per hour. */

export interface Offer {
  id: string;
  provider: string;
  gpu_name: string;
  gpu_count: number;
  vram_gb: number;
  cpu_cores: number | null;
  ram_gb: number | null;
  storage_gb: number | null;
  price_per_hour: number;
  location: string | null;
  available: boolean;
  specifications: Readonly<Record<string, unknown>>;
}

export interface OfferList {
  instances: Offer[];
  count: number;
  provider: string;
  /** Farms that did not answer. */
  partial?: { provider: string; code: string }[];
  /** How old the oldest part of the answer is. */
  as_of?: string;
}

export interface CreatedRental {
  rental_id: string;
  instance_id: string | null;
  contract_id: string | null;
  provider: string;
  state: string;
  price_per_hour: number;
}

export interface DestroyedRental {
  message: string;
  rental_id: string;
  state: string;
}

export interface Rental {
  id: string;
  provider: string;
  contract_id: string | null;
  instance_id: string | null;
  reservation_id: string | null;
  pools: string[];
  state: string;
  reason: string | null;
  since: string;
  serving: boolean;
  gpu_model: string;
  gpu_count: number;
  vram_gb: number;
  price_per_hour: number;
  cost: number;
  created_at: string;
  running_at: string | null;
  expires_at: string | null;
  url: string | null;
}

export interface Page {
  next_cursor?: string | null;
}

export interface RentalList extends Page {
  rentals: Rental[];
}

export interface ReservedInstance {
  instance_id: string | null;
  contract_id: string | null;
  rental_id: string;
  provider: string;
  gpu_model: string;
  vram: number;
  price: number;
}

/** A try that did not become an instance. */
export interface ReservationError {
  provider?: string;
  offer_id?: string;
  code: string;
}

export interface Reservation {
  reservation_id: string;
  pool: string;
  /** pending, completed or failed. */
  state: string;
  reason?: string | null;
  reserved: ReservedInstance[];
  count: number;
  requested: number;
  errors: ReservationError[];
  created_at?: string;
}

export interface ReservationList extends Page {
  reservations: Reservation[];
}

export interface Pool {
  name: string;
  /** The strategy in force, its own or the owner's default. */
  strategy: string;
  strategy_is_default: boolean;
  protocol: string;
  port: number | null;
  models: string[];
  members: { rental_id: string; serving: boolean }[];
}

export interface PoolList {
  pools: Pool[];
}

export interface InstanceLoad {
  instance_id: string;
  provider: string;
  active_connections: number;
  total_connections: number;
  /** Go-style text, `250ms`. */
  avg_response_time: string;
  last_response_time: string;
  avg_response_time_ms: number;
  weight: number;
  last_used: string | null;
  state: string;
}

export interface LoadList {
  strategy: string;
  count: number;
  loads: Readonly<Record<string, InstanceLoad>>;
}

export interface StrategyAnswer {
  strategy: string;
  message?: string;
}

export interface ProxyEnvelope {
  status_code: number;
  headers: Readonly<Record<string, string | string[]>>;
  body: unknown;
  /** `base64` when the upstream's bytes are neither JSON nor UTF-8 text. */
  body_encoding?: string;
  duration_ms: number;
  instance_id?: string;
  attempts: number;
  cost?: number;
}

/** The credit system's five fields and what is held and used. */
export interface Credits {
  credits_remaining: number;
  credits_total: number;
  credits_overage: number;
  credits_cap: number;
  credits_auto_renew: boolean;
  credits_held: number;
  credits_used: number;
}

export interface UsageRow {
  id: string;
  time: string;
  request_id: string;
  pool: string | null;
  instance_id: string | null;
  protocol: string;
  route: string;
  status: number;
  duration_ms: number;
  input_tokens: number | null;
  output_tokens: number | null;
  cost_credits: number;
  gpu_cost_credits: number | null;
}

export interface UsageList extends Page {
  usage: UsageRow[];
}

export interface SessionRow {
  client_id: string;
  ip: string | null;
  date: string;
  time: string;
  /** Seconds. */
  duration: number;
  credits_remaining: number;
  credits_total: number;
  credits_overage: number;
  credits_cap: number;
  credits_auto_renew: boolean;
}

export interface SessionList extends Page {
  sessions: SessionRow[];
}

export interface ApiKeyRow {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  created_at?: string;
  last_used_at?: string | null;
  expires_at: string | null;
}

export interface ApiKeyList extends Page {
  api_keys: ApiKeyRow[];
}

export interface CreatedApiKey extends ApiKeyRow {
  /** The key itself, shown this once. */
  api_key: string;
  message: string;
}

export interface User {
  id: string;
  email: string;
  name: string;
  is_admin: boolean;
  is_active: boolean;
  created_at: string;
}

export interface LoginAnswer {
  user: User;
  tokens: { access_token: string; refresh_token: string; token_type: string; expires_in: number };
  /** A password set by an operator: nothing else works before it is changed. */
  must_change?: boolean;
}

export interface Health {
  status: string;
  timestamp: string;
}
