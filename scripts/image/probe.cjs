// The image's health check: ends with 0 when values can be read. It runs every few seconds, so it loads as little as it can.
const { CSMS_PORT: port = '', CSMS_TLS_CERT: certificate = '' } = process.env;
const { get } = require(certificate === '' ? 'node:http' : 'node:https');

get(
  {
    host: '127.0.0.1',
    // Kubernetes puts an address there for a Service called csms.
    port: /^\d+$/.test(port) ? Number(port) : 4280,
    path: '/readyz',
    agent: false,
    // The address is in no certificate.
    rejectUnauthorized: false,
    timeout: 2_500,
  },
  ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
