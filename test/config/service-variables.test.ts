import { describe, expect, it } from 'vitest';
import { withoutServiceVariables } from '../../src/config/service-variables.ts';

describe('variables that Kubernetes sets for a Service', () => {
  it.each([
    ['CSMS_SERVICE_HOST', '10.96.3.7'],
    ['CSMS_SERVICE_PORT', '4280'],
    ['CSMS_SERVICE_PORT_HTTP', '4280'],
    ['CSMS_PORT', 'tcp://10.96.3.7:4280'],
    ['CSMS_PORT_4280_TCP', 'tcp://10.96.3.7:4280'],
    ['CSMS_PORT_4280_TCP_PROTO', 'tcp'],
    ['CSMS_PORT_4280_TCP_PORT', '4280'],
    ['CSMS_PORT_4280_TCP_ADDR', '10.96.3.7'],
    ['CSMS_PORT_53_UDP', 'udp://10.96.3.7:53'],
    ['CSMS_PORT_53_UDP_ADDR', '10.96.3.7'],
    ['CSMS_PORT_9_SCTP', 'sctp://10.96.3.7:9'],
    ['CSMS_SERVER_SERVICE_HOST', '10.96.3.7'],
    ['CSMS_SERVER_SERVICE_PORT_METRICS', '9464'],
    ['CSMS_SERVER_PORT', 'tcp://10.96.3.7:4280'],
    ['CSMS_SERVER_PORT_4280_TCP_ADDR', '10.96.3.7'],
    ['CSMS_2_PORT', 'udp://10.96.3.7:4280'],
  ])('%s=%s is skipped', (name, value) => {
    expect(withoutServiceVariables({ [name]: value, PATH: '/bin' })).toEqual({ PATH: '/bin' });
  });

  it.each([
    ['CSMS_PORT', '4280'],
    ['CSMS_PORT', ''],
    ['CSMS_PORT', '//4280'],
    ['CSMS_PROT', 'tcp://10.96.3.7:4280'],
    ['CSMS_HOST', 'tcp://10.96.3.7:4280'],
    ['CSMS_SERVICE', 'x'],
    ['CSMS_SERVER_PORT', '4280'],
    ['CSMS_PORT_TCP', 'x'],
    ['CSMS_PORT_4280', 'x'],
    ['CSMS_PORT_4280_HTTP', 'x'],
    ['CSMS_DATABASE_URL', 'postgres://10.96.3.7'],
    ['OTHER_SERVICE_HOST', '10.96.3.7'],
  ])('%s=%s is none', (name, value) => {
    expect(withoutServiceVariables({ [name]: value })).toEqual({ [name]: value });
  });
});
