/** What stands behind a mapped container port. */
export interface MachineIdentity {
  /** As the farm names it, e.g. `RTX 4090`. */
  gpuName: string;
  gpuCount: number;
  machineId: string;
  containerPort: number;
  /** The model its inference server has loaded. */
  model: string;
}

export const DEFAULT_MODEL = 'sandbox/tiny-llm';

const MODEL_FLAG = /--(?:served-model-name|model)(?:=|\s+)("[^"]+"|\S+)/;

/** The model a container serves: `MODEL` in its environment, or `--model X` in its command. */
export function modelOf(env: Readonly<Record<string, string>>, command: string): string {
  if (env.MODEL) return env.MODEL;
  const flag = MODEL_FLAG.exec(command)?.[1].replaceAll('"', '');
  const expanded = flag?.startsWith('$') ? env[flag.replace(/[${}]/g, '')] : flag;
  return expanded ?? DEFAULT_MODEL;
}

/** `served by 2x RTX 4090 of machine 4711`: how a machine signs its answers. */
export function signatureOf(identity: MachineIdentity): string {
  const gpus = identity.gpuCount > 1 ? `${identity.gpuCount}x ${identity.gpuName}` : identity.gpuName;
  return `served by ${gpus} of machine ${identity.machineId}`;
}
