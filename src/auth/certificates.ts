import type { ClientCertificate, Clock, RawRequest } from '../app/ports/deps.ts';
import { SecretError } from '../core/errors.ts';
import type { User } from './identities/identities.ts';
import type { Found, Realms } from './realm.ts';

/** What judging certificates takes: the handshake went by the machine's clock. */
interface CertificateDeps {
  readonly realms: Realms;
  readonly machineClock: Clock;
}

/**
 * The user of the main world for whom a certificate is enough. Throws unauthenticated.
 * @see docs/adr/0077-client-certificates.md
 */
export function requireCertificateOwner(deps: CertificateDeps, certificate: ClientCertificate): Found {
  const fault = faultOf(certificate, deps.machineClock);
  if (fault !== undefined) throw refused(`the client certificate does not count: ${fault}`);
  const realm = deps.realms.main;
  const user = realm.directory().findByCertificate(certificate.names);
  if (user === undefined) throw refused('the client certificate alone is enough for no one user');
  return { user, realm };
}

/** Refuses other credentials of a user whose certificate has to come with them. Throws unauthenticated. */
export function requireCertificate(
  { machineClock }: Pick<CertificateDeps, 'machineClock'>,
  { certificates }: Pick<User, 'certificates'>,
  { certificate }: Pick<RawRequest, 'certificate'>,
): void {
  if (certificates?.isRequired !== true) return;
  if (certificate === undefined) throw refused('the user’s client certificate is missing');
  const fault = faultOf(certificate, machineClock);
  if (fault !== undefined) throw refused(`the client certificate does not count: ${fault}`);
  const isOwn = certificate.names.some((name) => certificates.names.includes(name));
  if (!isOwn) throw refused('the client certificate is not the user’s');
}

/** A connection may last longer than the certificate that it began with. */
function faultOf({ endMs, fault, startMs }: ClientCertificate, clock: Clock): string | undefined {
  if (fault !== undefined) return fault;
  const nowMs = clock.nowMs();
  return nowMs >= startMs && nowMs <= endMs ? undefined : 'it is over, or not valid yet';
}

/** As for a request without credentials: what is wrong with the certificate is the operator's to know. */
function refused(logReason: string): SecretError {
  return new SecretError('unauthenticated', 'x-auth-token not found', { logReason });
}
