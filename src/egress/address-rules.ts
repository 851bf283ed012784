import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** Where clouds serve their machines' credentials; closed even inside an allowed range. */
const METADATA_ADDRESSES = [
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
].map((text) => ipaddr.parse(text).toNormalizedString());

/** The only IPv6 block with public addresses. */
const IPV6_PUBLIC = ipaddr.parseCIDR('2000::/3');

/**
 * True for addresses of the public internet. IPv6 forms that carry an IPv4 address (mapped, NAT64, 6to4, Teredo) are
 * not public, whatever they carry: ipaddr.js knows their ranges by other names than unicast.
 */
export function isPublicAddress(text: string): boolean {
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  if (address.kind() === 'ipv4') return true;
  return isInside(address, IPV6_PUBLIC);
}

export function isMetadataAddress(text: string): boolean {
  return METADATA_ADDRESSES.includes(normalizeAddress(text));
}

/** One spelling per address; IPv4 inside `::ffff:` comes out as IPv4. */
export function normalizeAddress(text: string): string {
  return ipaddr.process(text).toNormalizedString();
}

/** A set of CIDR ranges. */
export class AddressRanges {
  private readonly ranges: readonly Range[];

  /** @throws Error on a bad range; the configuration has checked them */
  constructor(cidrs: readonly string[]) {
    this.ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  }

  has(text: string): boolean {
    if (this.ranges.length === 0) return false;
    const address = ipaddr.process(text);
    return this.ranges.some((range) => isInside(address, range));
  }
}

function isInside(address: Address, range: Range): boolean {
  return address.kind() === range[0].kind() && address.match(range);
}
