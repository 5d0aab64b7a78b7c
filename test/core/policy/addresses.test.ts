import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAddress, isWithin, readNetwork } from '../../../src/core/policy/addresses.ts';
import { createNetworks } from '../../../src/std/networks.ts';

const within = (address: string, network: string) => {
  const read = readNetwork(network);
  return read === undefined ? undefined : isWithin(address, read);
};

describe('an address is in a network', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '10.9.9.9/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['10.1.130.1', '10.1.128.0/17', true],
    ['10.1.127.1', '10.1.128.0/17', false],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '::ffff:10.0.0.0/104', true],
    ['10.1.2.3', '::ffff:a00:0/104', true],
    ['10.1.2.3', '::/0', false],
    ['::1', '0.0.0.0/0', false],
    ['2001:db8::1', '2001:DB8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['fe80::1%eth0', 'fe80::/10', true],
    ['::1', '::1', true],
    ['nobody', '0.0.0.0/0', false],
  ])('%s, %s: %s', (address, network, wanted) => {
    expect(within(address, network)).toBe(wanted);
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '::/129',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::10.0.0.1:1',
    '10.0.0.1::',
    'fe80::1%eth0',
    'g::',
    '12345::',
  ])('unless it is none: %j', (network) => {
    expect(readNetwork(network)).toBeUndefined();
  });

  it('and Node agrees', () => {
    const group = fc.constantFrom(0, 1, 0xff, 0x8000, 0xffff);
    const groups = fc.array(group, { minLength: 8, maxLength: 8 });
    const written = groups.map((all) => all.map((one) => one.toString(16)).join(':'));
    fc.assert(
      fc.property(written, written, fc.integer({ min: 96, max: 128 }), (address, network, prefix) => {
        expect(isAddress(address)).toBe(true);
        expect(within(address, `${network}/${prefix}`)).toBe(
          createNetworks([`${network}/${prefix}`])(address),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
