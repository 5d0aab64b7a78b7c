import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import type { Readiness } from '../app/health/storage-status.ts';
import type {
  Authenticator,
  Caller,
  Claim,
  ClientCertificate,
  Deps,
  IdentityService,
  ReceivedRequest,
  Users,
} from '../app/ports/deps.ts';
import type { TemporaryKeys } from '../app/ports/temporary-keys.ts';
import type { FunctionTemplates } from '../core/rotation/rotation.ts';
import type { App } from './app.ts';
import type { TlsOptions } from './connections/http-server.ts';
import type { Site } from './connections/site.ts';
import type { IsTrustedProxy } from './connections/trusted-proxies.ts';
import type { RequestLog } from './observability/log.ts';
import type { Metrics } from './observability/metrics.ts';
import type { PressureGauge } from './requests/pressure.ts';

/** What is added to a server beside its operations. */
export interface Additions {
  /** Adds hooks to the operations that need credentials: they run once the caller is known. */
  watch(signed: App): void;
  /** Takes a request that is not for an operation and responds to it; false: it does not. */
  takeRequest(request: IncomingMessage, response: ServerResponse): boolean;
}

/** What the HTTP server is built from. */
export interface ServerOptions {
  readonly authenticator: Authenticator;
  /** Whom a request claims to be from, before its body is read; undefined when it cannot be any user's. */
  readClaim(
    headers: IncomingMessage['headers'],
    certificate: ClientCertificate | undefined,
  ): Claim | undefined;
  readonly identity: IdentityService;
  readonly temporaryKeys: TemporaryKeys;
  readonly users: Users;
  readonly functionTemplates: FunctionTemplates;
  /** Provides a request's dependencies. */
  depsFor(caller: Caller, request: ReceivedRequest): Deps;
  /** Whether values can be read and changes are accepted. */
  readiness(): Promise<Readiness>;
  /** 32 lower-case hex digits, never repeated. */
  readonly newRequestId: () => string;
  /** Throws throttled when the user has no request left. */
  readonly takeRequest: (caller: Pick<Caller, 'world' | 'userId'>) => void;
  /** PEM of the certificate that notifications are signed with. */
  certificate(): Promise<string>;
  readonly additions?: Additions | undefined;
  /** Counts requests; absent: no metrics. */
  readonly metrics: Metrics | undefined;
  /** Whether this server has `/metrics`, for callers on loopback. */
  readonly servesMetrics: boolean;
  readonly log: FastifyBaseLogger;
  /** Gets one line for each request; absent: no request log. */
  readonly requestLog?: RequestLog;
  /** True for the address of a proxy whose `X-Forwarded-For` counts: it carries many clients. */
  readonly isTrustedProxy: IsTrustedProxy;
  /** Connections that the operating system has descriptors for. */
  readonly connectionsAllowed: number;
  /** Whether the process has more to do than it can; absent: its own gauge. */
  readonly pressure?: PressureGauge | undefined;
  /** Frees what a start or a crowd of connections has left behind. */
  giveMemoryBack(): void;
  /** The pages that may call, and the server's names. */
  readonly site: Site;
  /** 404, or the published table's 400. */
  readonly notFoundStatus: number;
  /** Absent: plain HTTP. */
  readonly tls: TlsOptions | undefined;
  /** `use` is called when the authorities of client certificates have changed. */
  onAuthoritiesChange?(use: () => void): void;
}
