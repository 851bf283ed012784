/** Ports of services that speak other protocols; asking them over HTTP is an attack, not a use (web browsers' lists agree). */
const SERVICE_PORTS = new Set([
  1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5984, 5900, 6000, 6379, 6380, 6443,
  6665, 6666, 6667, 6668, 6669, 9042, 9092, 9200, 9300, 10250, 11211, 15672, 25672, 26379, 27017, 27018,
  50070,
]);

/** What a caller may type into `target_url`: web ports and high ports that belong to no known service. */
export function isTargetPort(port: number): boolean {
  return port === 80 || port === 443 || (port >= 1024 && !SERVICE_PORTS.has(port));
}

/** The operator's list of hosts: `api.example.com`, `api.example.com:8443`, `*.example.com`. Without a port any port counts. */
export class TargetList {
  private readonly entries: readonly { host: string; port?: number }[];

  constructor(list: readonly string[]) {
    this.entries = list.map(parseEntry);
  }

  has(hostname: string, port: number): boolean {
    const host = withoutFinalDot(hostname.toLowerCase());
    return this.entries.some(
      (entry) => (entry.port === undefined || entry.port === port) && matchesHost(entry.host, host),
    );
  }
}

function parseEntry(text: string): { host: string; port?: number } {
  const [, host, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(text.toLowerCase()) ?? [];
  const bare = withoutFinalDot(host ?? '');
  return port === undefined ? { host: bare } : { host: bare, port: Number(port) };
}

/** `*.example.com` means names below it, not the name itself. */
function matchesHost(pattern: string, host: string): boolean {
  return pattern.startsWith('*.')
    ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
    : pattern === host;
}

function withoutFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
