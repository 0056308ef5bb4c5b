import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * IPv4 that is not the public internet: IANA's special-purpose registry (https://www.iana.org/assignments/iana-ipv4-special-registry/), multicast
 * (https://www.iana.org/assignments/multicast-addresses/), and Azure's platform service, which lies among public addresses
 * (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16). The metadata services of other clouds lie in these ranges.
 */
const special4 = toBlockList('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);

/** The only IPv6 addresses given out to the public (https://www.iana.org/assignments/ipv6-address-space/): mapped, compatible, NAT64, local and multicast ones lie outside. */
const public6 = toBlockList('ipv6', ['2000::/3']);

/**
 * What of them is not the public internet, or carries an IPv4 address that is really meant: Teredo and other protocol assignments, documentation, 6to4 and AS112
 * (https://www.iana.org/assignments/iana-ipv6-special-registry/).
 */
const special6 = toBlockList('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']);

/** ISATAP carries an IPv4 address behind any network: its interface identifier starts with 0000:5efe or 0200:5efe (RFC 5214, section 6.1). */
const isatap = /^(?:[0-9a-f]{4}:){4}0[02]00:5efe:/;

/** Whether an IP address, in any spelling `node:net` takes, is one of the public internet. False for what is no address or has a zone. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special4.check(address);
  if (!isIPv6(address) || address.includes('%')) return false;
  return public6.check(address, 'ipv6') && !special6.check(address, 'ipv6') && !isatap.test(toFullForm(address));
}

/** All eight groups of four digits. */
function toFullForm(address: string): string {
  const { hostname } = new URL(`https://[${address}]/`);
  const [head = '', tail] = hostname.slice(1, -1).split('::');
  const [front, back] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const [before, after] = [front ?? [], back ?? []];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(':');
}

function toBlockList(family: 'ipv4' | 'ipv6', subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/');
    list.addSubnet(network, Number(prefix), family);
  }
  return list;
}
