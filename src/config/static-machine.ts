import { plainToInstance } from 'class-transformer';
import { IsInt, IsNotEmpty, IsNumber, IsString, IsUrl, Matches, Min, validateSync } from 'class-validator';

/** A machine that the operator owns, offered as `static-<name>` and rented like any other. */
export class StaticMachine {
  @IsString()
  @Matches(/^[a-z0-9][a-z0-9-]{0,62}$/, { message: 'name must be lower-case letters, digits and dashes' })
  name: string;

  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  url: string;

  @IsString()
  @IsNotEmpty()
  gpu_model: string;

  @IsInt()
  @Min(1)
  gpu_count = 1;

  @IsNumber()
  @Min(0)
  vram_gb = 0;

  /** Dollars per hour. */
  @IsNumber()
  @Min(0)
  price_per_hour = 0;
}

/**
 * Reads the JSON of STATIC_MACHINES.
 * @throws RangeError that names the first machine that is wrong
 */
export function parseStaticMachines(text: string): StaticMachine[] {
  const parsed = parseArray(text);
  const machines = parsed.map((entry) => plainToInstance(StaticMachine, entry));
  machines.forEach((machine, index) => {
    const [problem] = validateSync(machine, { whitelist: true, forbidNonWhitelisted: true });
    if (problem)
      throw new RangeError(`machine ${index}: ${Object.values(problem.constraints ?? {}).join('; ')}`);
  });
  const names = new Set(machines.map((machine) => machine.name));
  if (names.size !== machines.length) throw new RangeError('two machines have the same name');
  return machines;
}

function parseArray(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new RangeError('not a JSON array');
}
