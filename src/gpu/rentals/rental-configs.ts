import type { RentalConfigDto } from './dto/rental-config.dto.js';
import { DEFAULT_DISK_GB, DEFAULT_PORTS, type RentalConfig } from './rental-config.js';

/** The wire's configuration with its defaults filled in. */
export function toRentalConfig(dto: RentalConfigDto, defaultImage: string): RentalConfig {
  return {
    image: dto.image ?? defaultImage,
    diskGb: dto.disk_gb ?? DEFAULT_DISK_GB,
    env: dto.env ?? {},
    ports: dto.ports ?? DEFAULT_PORTS,
    command: dto.command,
    onstart: dto.onstart,
    registry: dto.registry,
    health: dto.health,
    durationHours: dto.duration_hours,
  };
}

/** What a machine must offer to run it. */
export function needsOf({ diskGb, ports }: RentalConfig): { diskGb: number; minPorts: number } {
  return { diskGb, minPorts: ports.length };
}
