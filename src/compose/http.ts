import { createReadiness } from '../app/health/readiness.ts';
import { createAuthenticator } from '../auth/authenticator.ts';
import { createClaimReader } from '../auth/claim.ts';
import { createIdTokenLogin } from '../auth/federation/id-token-login.ts';
import { createUsers } from '../auth/identities/users.ts';
import { worldOf } from '../auth/realm.ts';
import { createIam } from '../auth/tokens/iam.ts';
import { createTemporaryKeys } from '../auth/tokens/temporary-keys.ts';
import { readFunctionTemplates } from '../function-templates/texts.ts';
import type { App } from '../http/app.ts';
import type { Certificate } from '../http/connections/certificate.ts';
import { contextOf } from '../http/connections/http-server.ts';
import { createSite } from '../http/connections/site.ts';
import { parseTrustedProxies } from '../http/connections/trusted-proxies.ts';
import { buildServer } from '../http/server.ts';
import type { Additions } from '../http/server-options.ts';
import { linesOf } from '../log/lines.ts';
import { connectionsAllowed } from './descriptors.ts';
import { giveMemoryBack } from './memory.ts';
import type { ServerProcess } from './process.ts';
import { monotonicClock, randomIds, systemClock } from './sources.ts';
import type { Worlds } from './world.ts';

/** Builds a server on the worlds of a process; there may be several. Throws StartError (configuration). */
export async function createHttp(shared: ServerProcess, worlds: Worlds, additions?: Additions): Promise<App> {
  const {
    certificate,
    config,
    idTokens,
    identities,
    log,
    metrics,
    passwordChanged,
    passwords,
    pressure,
    storage,
  } = shared;
  const { allowedHosts, publicUrl, region, tokenLifetimeMs, trustedProxies, unsignedPayload } = config;
  const { keyring, store, tokenKey } = storage;
  const access = { realms: worlds, tokenKey, passwords };
  const authenticator = createAuthenticator({ ...access, machineClock: systemClock, unsignedPayload });
  const listenAddress = () => addressOf(app) ?? config.host;
  const tls = certificate?.present();
  let app: App | undefined;
  app = await buildServer({
    readClaim: createClaimReader({ ...access, machineClock: systemClock }),
    users: createUsers({ ...access, replaceHash: identities.replaceHash, passwordChanged }),
    authenticator,
    temporaryKeys: createTemporaryKeys({ ...access, ...authenticator, machineClock: systemClock }),
    identity: {
      ...createIam({ ...access, region, tokenLifetimeMs }),
      ...createIdTokenLogin({ ...access, ...idTokens, region, tokenLifetimeMs }),
    },
    additions,
    metrics,
    pressure,
    servesMetrics: config.metrics === 'on',
    isTrustedProxy: parseTrustedProxies(trustedProxies),
    connectionsAllowed: connectionsAllowed(),
    giveMemoryBack,
    site: createSite({ allowedHosts, listenAddress, publicUrl, tls: tls !== undefined }),
    newRequestId: randomIds.uid,
    functionTemplates: readFunctionTemplates(),
    depsFor: (caller, request) => worldOf(worlds, caller).depsFor(caller, request),
    readiness: createReadiness({
      store,
      keyring,
      hasIdentities: () => identities.present.directory.domains.size > 0,
      monotonicMs: monotonicClock.nowMs,
    }),
    takeRequest: (caller) => worldOf(worlds, caller).takeRequest(caller.userId),
    certificate: async () => (await worlds.main.loadSigningKey()).certificatePem,
    log,
    requestLog: linesOf(log),
    notFoundStatus: config.notFoundStatus,
    tls,
    onAuthoritiesChange: (use) => certificate?.onAuthoritiesChange(use),
  });
  const { server } = app;
  certificate?.onChange((next) => setCertificate(server, next));
  return app;
}

/** Undefined until it listens. */
function addressOf(app: App | undefined): string | undefined {
  const bound = app?.server.address();
  return typeof bound === 'object' ? bound?.address : undefined;
}

function setCertificate(server: App['server'], next: Certificate): void {
  // Only a TLS server has the method, and there is a certificate only with one.
  const secure = server as unknown as { setSecureContext(options: object): void };
  secure.setSecureContext(contextOf(next));
}
