import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../../app/ports/deps.ts';
import { connectionOf } from './connection.ts';

/** One alternative name as Node writes it: plain, or in the quotes of JSON where it has characters of the list itself. */
const NAME = /(?:^|, )(DNS|URI|email|[A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/y;
/** Kinds of names that identify a client. */
const KINDS: ReadonlySet<string> = new Set(['DNS', 'URI', 'email']);

/**
 * The certificate that the client has shown on the connection of this socket; undefined: none, or one from before the
 * authorities changed. No header counts for it.
 */
export function clientCertificateOf(socket: Socket): ClientCertificate | undefined {
  const connection = connectionOf(socket);
  return connection?.isOutdated === true ? undefined : connection?.certificate;
}

/**
 * Reads what a client has shown in a handshake that is over. A resumed session has the certificate of its first handshake;
 * one without a certificate counts as authorized in TLS 1.3, so that the certificate itself has to be there.
 */
export function readClientCertificate(socket: Socket): ClientCertificate | undefined {
  const { authorizationError, authorized, getPeerX509Certificate } = socket as TLSSocket;
  const shown = getPeerX509Certificate?.call(socket);
  if (shown === undefined) return undefined;
  const fault = authorized ? undefined : String(authorizationError ?? 'not verified');
  return {
    fault,
    names: fault === undefined ? namesOf(shown) : [],
    startMs: Date.parse(shown.validFrom),
    endMs: Date.parse(shown.validTo),
  };
}

/** Its fingerprint and its alternative names, as users have them in the identities. */
function namesOf({ fingerprint256, subjectAltName = '' }: X509Certificate): readonly string[] {
  const fingerprint = `sha256:${fingerprint256.replaceAll(':', '').toLowerCase()}`;
  return [fingerprint, ...(readAlternativeNames(subjectAltName) ?? [])];
}

/** The names in Node's text; undefined when it has another form, in which a name could be mistaken for several. */
export function readAlternativeNames(text: string): readonly string[] | undefined {
  const names: string[] = [];
  NAME.lastIndex = 0;
  while (NAME.lastIndex < text.length) {
    const [, kind = '', value = ''] = NAME.exec(text) ?? [];
    if (kind === '') return undefined;
    const plain = value.startsWith('"') ? parseQuoted(value) : value;
    if (plain === undefined) return undefined;
    if (KINDS.has(kind)) names.push(`${kind}:${kind === 'DNS' ? plain.toLowerCase() : plain}`);
  }
  return names;
}

function parseQuoted(value: string): string | undefined {
  try {
    return String(JSON.parse(value));
  } catch {
    return undefined;
  }
}
