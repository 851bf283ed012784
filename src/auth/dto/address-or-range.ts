import { ValidateBy, type ValidationOptions } from 'class-validator';
import ipaddr from 'ipaddr.js';

/** `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. */
export const IsAddressOrRange = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isAddressOrRange',
      validator: {
        validate: isAddressOrRange,
        defaultMessage: () => '$property must hold addresses and ranges such as 203.0.113.0/24',
      },
    },
    options,
  );

/** Only the spellings that people write: `0x7f.1` is one, too, for some readers, and `::ffff:1.2.3.4` another address. */
function isAddressOrRange(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [address, bits, more] = value.split('/');
  const isIPv4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (more !== undefined || !(isIPv4 || isPlainIPv6(address))) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4 ? 32 : 128));
}

function isPlainIPv6(address: string): boolean {
  return !address.includes('%') && ipaddr.IPv6.isValid(address) && ipaddr.process(address).kind() === 'ipv6';
}
