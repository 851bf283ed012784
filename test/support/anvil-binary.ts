import { createRequire } from 'node:module';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Where the local chain's program is. Says what to do when there is none for this machine. */
export function anvilBinary(): string {
  const { platform, arch } = process;
  const system = platform === 'win32' ? 'win32' : platform;
  const file = platform === 'win32' ? 'bin/anvil.exe' : 'bin/anvil';
  const path = `@foundry-rs/anvil-${system}-${ARCHITECTURES[arch] ?? arch}/${file}`;
  try {
    return createRequire(import.meta.url).resolve(path);
  } catch {
    throw new Error(
      `the crypto tests need a local chain and found none for ${platform} ${arch}: install with optional ` +
        'dependencies (npm ci), on Linux x64 or arm64 with glibc, macOS, or Windows x64',
    );
  }
}
