/** What runs on a rented machine. Kept encrypted: `env` and `registry` hold secrets of the owner. */
export interface RentalConfig {
  image: string;
  diskGb: number;
  env: Readonly<Record<string, string>>;
  /** Container ports to map; empty = no service. */
  ports: readonly number[];
  command?: readonly string[];
  onstart?: string;
  registry?: { server: string; username: string; password: string };
  health?: { path: string; port?: number };
  /** Prepaid farms: hours to buy. Everywhere: the rental ends after them. */
  durationHours?: number;
}

export const DEFAULT_PORTS: readonly number[] = [8000];
export const DEFAULT_DISK_GB = 16;
