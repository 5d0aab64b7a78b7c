import { describe, expect, it } from 'vitest';
import { StartError } from '../../src/app/start-error.ts';
import { parseAddressRules } from '../../src/webhook/address-rules.ts';

const refusal = (rules: string, url: string) => parseAddressRules(rules).refuseUrl(new URL(url));
const allows = (rules: string, address: string) => parseAddressRules(rules).allowsAddress(address);

describe('an address that a host leads to', () => {
  const special = [
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::10.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::FFFF:10.0.0.1',
    '::ffff:a00:1',
    '::ffff:169.254.169.254',
    '0:0:0:0:0:ffff:7f00:1',
    '64:ff9b::a00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:a00:1::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '::ffff:0:127.0.0.1',
    '::ffff:0:8.8.8.8',
    '1::1',
    '200::1',
    '4000::1',
    '5f00::1',
    '8000::1',
    '3fff::1',
  ];

  it.each(special)('%s is refused', (address) => {
    expect(allows('ops.example', address)).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.0',
    '172.32.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
  ])('%s is allowed', (address) => {
    expect(allows('ops.example', address)).toBe(true);
  });

  it.each(['', 'localhost', 'ops.example', '2130706433', '0x7f.1', '127.1', '1.1.1.1 ', 'fe80::1%eth0'])(
    '%j is refused, since it is none',
    (address) => {
      expect(allows('loopback,0.0.0.0/0', address)).toBe(false);
    },
  );

  it('is allowed in a network that the operator names, and only there', () => {
    const rules = '10.2.0.0/16,fd00:1::/32';
    for (const address of ['10.2.0.1', '10.2.255.255', '::ffff:10.2.0.1', 'fd00:1::9']) {
      expect([address, allows(rules, address)]).toEqual([address, true]);
    }
    for (const address of ['10.1.255.255', '10.3.0.0', 'fd00:2::1', '127.0.0.1', '169.254.169.254']) {
      expect([address, allows(rules, address)]).toEqual([address, false]);
    }
  });

  it('is allowed on this machine by the word loopback, and no other private one is', () => {
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
      expect([address, allows('loopback', address)]).toEqual([address, true]);
    }
    for (const address of ['10.0.0.1', '169.254.169.254', '::', '0.0.0.0', '::127.0.0.1']) {
      expect([address, allows('loopback', address)]).toEqual([address, false]);
    }
  });
});

describe('a URL', () => {
  it.each([
    ['ops.example', 'https://ops.example/csms'],
    ['ops.example', 'https://OPS.example:443/csms?a=b'],
    ['ops.example:8443', 'https://ops.example:8443/'],
    [' ops.example , other.example ', 'https://other.example/'],
    ['OPS.EXAMPLE', 'https://ops.example/'],
    ['1.1.1.1', 'https://1.1.1.1/'],
    ['[2606:4700::1111]:8443', 'https://[2606:4700::1111]:8443/'],
    ['10.2.0.0/16', 'https://10.2.3.4/'],
    ['loopback', 'http://localhost:8080/'],
    ['loopback', 'http://127.0.0.1/'],
    ['loopback', 'https://[::1]:9/'],
    ['loopback', 'http://2130706433/'],
  ])('that %s allows: %s', (rules, url) => {
    expect(refusal(rules, url)).toBeUndefined();
  });

  it.each([
    ['', 'https://ops.example/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'http://ops.example/', 'https'],
    ['ops.example', 'ftp://ops.example/', 'https'],
    ['ops.example', 'file:///etc/passwd', 'https'],
    ['ops.example', 'https://ops.example:8443/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example:8443', 'https://ops.example/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://ops.example.evil.example/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://evil-ops.example/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://sub.ops.example/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://ops.example./', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://user@ops.example/', 'credentials'],
    ['ops.example', 'https://user:pass@ops.example/', 'credentials'],
    ['ops.example', 'https://ops.example/#x', 'fragment'],
    ['ops.example', 'https://127.0.0.1/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://2130706433/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://0x7f.1/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://127.1/', 'CSMS_WEBHOOK_HOSTS'],
    ['ops.example', 'https://[::ffff:127.0.0.1]/', 'CSMS_WEBHOOK_HOSTS'],
    ['10.2.0.0/16', 'https://10.3.0.1/', 'CSMS_WEBHOOK_HOSTS'],
    ['10.2.0.0/16', 'https://10.2.0.1:8443/', 'CSMS_WEBHOOK_HOSTS'],
    ['10.2.0.0/16', 'http://10.2.0.1/', 'https'],
    ['loopback', 'http://10.0.0.1/', 'https'],
    ['loopback', 'http://localhost.evil.example/', 'https'],
    ['loopback', 'https://[::127.0.0.1]/', 'CSMS_WEBHOOK_HOSTS'],
    ['loopback', 'ftp://localhost/', 'http or https'],
  ])('that %j does not allow: %s', (rules, url, reason) => {
    expect(refusal(rules, url)).toContain(reason);
  });
});

describe('CSMS_WEBHOOK_HOSTS', () => {
  it.each([
    'https://ops.example',
    'ops.example:0',
    'ops.example:65536',
    'ops.example:',
    'a b',
    '*.example',
    '10.0.0.0/33',
    '::/129',
    'ops.example/8',
    '10.0.0.0/8/8',
    'ops.example;other',
    '127.1.example:x',
    'fe80::1%eth0/64',
  ])('refuses %j and says what it must be', (text) => {
    expect(() => parseAddressRules(text)).toThrow(StartError);
    expect(() => parseAddressRules(text)).toThrow(/CSMS_WEBHOOK_HOSTS must be a list/);
  });
});
