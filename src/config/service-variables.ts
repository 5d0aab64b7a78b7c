const SERVICE = /^CSMS(?:_[A-Z0-9_]+)?_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/;
const PORT_OF_PROTOCOL = /^CSMS(?:_[A-Z0-9_]+)?_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;
const PORT = /^CSMS(?:_[A-Z0-9_]+)?_PORT$/;

/**
 * The environment without what Kubernetes adds to every container beside a Service called `csms`, or `csms-…`: these
 * variables are not settings, and `CSMS_PORT` among them is a URL.
 * @see Kubernetes documentation, "Discovering services", environment variables
 */
export function withoutServiceVariables(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => !isOfService(name, value)));
}

function isOfService(name: string, value = ''): boolean {
  return SERVICE.test(name) || PORT_OF_PROTOCOL.test(name) || (PORT.test(name) && /^[a-z]+:\/\//.test(value));
}
