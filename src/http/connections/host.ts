import { isLoopbackAddress } from '../../std/networks.ts';

/** What a Host header names. */
export interface Host {
  /** Lower case, addresses as a URL spells them and without brackets, no final dot. */
  readonly name: string;
  /** As given; empty without one. */
  readonly port: string;
}

const SHAPE = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(\d{0,5}))?$/i;

/** Reads a Host header, or an entry of a list of hosts; undefined when it is invalid. */
export function readHost(text: string): Host | undefined {
  const [, given = '', port = ''] = SHAPE.exec(text) ?? [];
  const parsed = given === '' ? null : URL.parse(`http://${given}/`);
  if (parsed === null) return undefined;
  return { name: parsed.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, ''), port };
}

/** Reads a list of hosts, by commas; undefined when one of them is invalid. */
export function readHosts(text: string): readonly Host[] | undefined {
  const entries = text.split(',').map((part) => part.trim());
  const hosts = entries.filter((entry) => entry !== '').map(readHost);
  return hosts.every((host) => host !== undefined) ? hosts : undefined;
}

/** True for names and addresses that mean the machine itself wherever they are resolved. */
export function isLoopback({ name }: Host): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name);
}
