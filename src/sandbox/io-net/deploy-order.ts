import { InputReader } from './input-reader.js';

/** The part of a deployment that a PATCH may change. */
export interface ContainerOrder {
  imageUrl: string;
  entrypoint: string[] | null;
  args: string[];
  env: Readonly<Record<string, string>>;
  secretEnv: Readonly<Record<string, string>>;
  trafficPort: number;
}

export interface DeployOrder extends ContainerOrder {
  name: string;
  hours: number;
  gpusPerContainer: number;
  hardwareId: number;
  locationIds: number[];
  replicas: number;
}

const asFields = (body: unknown): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};

/** @throws FarmRefusal 422 with every field that is wrong */
export function readDeployOrder(body: unknown): DeployOrder {
  const input = new InputReader(asFields(body), ['body']);
  const container = input.object('container_config');
  const registry = input.object('registry_config');
  const order = {
    name: input.text('resource_private_name'),
    hours: input.integer('duration_hours', 1),
    gpusPerContainer: input.integer('gpus_per_container', 1),
    hardwareId: input.integer('hardware_id', 0),
    locationIds: input.integers('location_ids'),
    replicas: container.integer('replica_count', 1),
    trafficPort: container.integer('traffic_port', 1),
    entrypoint: container.optionalTexts('entrypoint'),
    args: container.optionalTexts('args') ?? [],
    env: container.textMap('env_variables'),
    secretEnv: container.textMap('secret_env_variables'),
    imageUrl: registry.text('image_url'),
  };
  input.done();
  return order;
}

const PATCHABLE = new Set([
  'env_variables',
  'secret_env_variables',
  'entrypoint',
  'traffic_port',
  'image_url',
  'registry_username',
  'registry_secret',
  'args',
  'command',
]);

/** A PATCH is flat: hardware, places, replicas and a `container_config` wrapper are refused. */
export function readPatch(body: unknown, current: DeployOrder): DeployOrder {
  const fields = asFields(body);
  const input = new InputReader(fields, ['body']);
  input.forbidExtras(PATCHABLE);
  const order = {
    ...current,
    imageUrl: fields.image_url === undefined ? current.imageUrl : input.text('image_url'),
    trafficPort: input.optionalInteger('traffic_port', 1, current.trafficPort),
    entrypoint: input.optionalTexts('entrypoint') ?? current.entrypoint,
    args: input.optionalTexts('args') ?? input.optionalTexts('command') ?? current.args,
    env: fields.env_variables === undefined ? current.env : input.textMap('env_variables'),
    secretEnv:
      fields.secret_env_variables === undefined ? current.secretEnv : input.textMap('secret_env_variables'),
  };
  input.done();
  return order;
}
