import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

/**
 * The path of a program that comes from Debian; as root it is installed when it is missing, one installation at a time.
 * @throws Error saying what to install: every suite that asks fails, because without the program it would prove nothing
 */
export function findSystemBinary(names: readonly string[], debianPackage: string): string {
  const find = names.map((name) => `command -v ${name}`).join(' || ');
  const binary = run('sh', '-c', find) ?? install(find, debianPackage);
  if (binary !== undefined) return binary;
  throw new Error(`This suite needs ${names[0]} (Debian: apt-get install ${debianPackage}).`);
}

function install(find: string, debianPackage: string): string | undefined {
  if (userInfo().uid !== 0) return undefined;
  const quietly = 'apt-get install -y -qq --no-install-recommends';
  const command = `${find} || (apt-get update -qq && ${quietly} ${debianPackage})`;
  run('flock', `/tmp/gpuproxy-test-${debianPackage}.lock`, 'sh', '-c', command);
  return run('sh', '-c', find);
}

function run(command: string, ...args: string[]): string | undefined {
  try {
    const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output.trim().split('\n').at(-1) || undefined;
  } catch {
    return undefined;
  }
}
