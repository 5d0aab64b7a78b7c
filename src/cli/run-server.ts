import { lookup } from 'node:dns/promises';
import { type AddressInfo, isIP } from 'node:net';
import { constants } from 'node:os';
import type { Logger } from 'pino';
import { StartError } from '../app/start-error.ts';
import type { CompanionStart } from '../compose/companion.ts';
import { type Composed, compose } from '../compose/server.ts';
import { type Config, requireSafeTransport } from '../config/config.ts';
import { createSite } from '../http/connections/site.ts';
import type { MetricsListener } from '../http/observability/metrics-listener.ts';
import { type Bound, localUrl, remoteUrl } from './addresses.ts';
import { EXIT, printFailure } from './exit-codes.ts';
import { createServerLog } from './server-log.ts';
import { logStart } from './start-log.ts';

/**
 * A second signal so soon is the same one: npm and the launcher forward what the terminal sends to all. A later one is
 * from an operator who does not want to wait.
 */
const REPEAT_MS = 500;
/** Counted from the first signal: the log has the rest of ten seconds to get out. */
const STOP_MS_MAX = 8_500;

/** Why the server cannot listen at an address, by the system's code; a name without an address has its own message. */
const REFUSED_ADDRESSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use; choose another one with --port (CSMS_PORT)',
  EADDRNOTAVAIL: 'is at no address of this machine; choose another one with --host (CSMS_HOST)',
  EACCES: 'is not for this user; choose another one with --port (CSMS_PORT)',
};

/** What a command adds to a server. */
export interface Surroundings
  extends Pick<CompanionStart, 'claimed' | 'createCompanion' | 'passwordChanged'> {
  /** A user outside a container cannot reach its loopback. */
  readonly isContained: boolean;
  /** Speaks to the person who started it, once it listens and before the log says so. */
  announce?(baseUrl: string, directory: Composed['directory']): void;
}

/**
 * Runs a server until a signal stops it: listens, announces, reloads on SIGHUP, drains on SIGTERM and SIGINT. Returns the
 * exit code. Throws what starting throws.
 */
export async function runServer(config: Config, surroundings: Surroundings): Promise<number> {
  const log = createServerLog(config.logLevel);
  for (const name of config.warnings)
    log.warn({ variable: name }, 'this variable has no effect in this release');
  const stop = Promise.withResolvers<number>();
  const onFatal = (reason: string) => {
    log.fatal({ reason }, 'storage can no longer be trusted; restart to recover');
    stop.resolve(EXIT.damaged);
  };
  const composed = await compose(config, log, { ...surroundings, onFatal });
  if (config.trustedProxies !== '' && config.publicUrl === undefined) {
    log.warn({ variable: 'CSMS_PUBLIC_URL' }, 'not set: addresses in answers are those that the proxy calls');
  }
  onSignals(composed, log, (code) => stop.resolve(code));
  let metricsListener: MetricsListener | undefined;
  try {
    metricsListener = await openMetricsListener(config, composed, log);
    await listen(config, composed);
    const bound = boundOf(config, composed.app.server.address());
    const baseUrl = localUrl(bound);
    composed.setBaseUrl(config.publicUrl ?? remoteUrl(bound));
    await logStart(log, config, composed);
    surroundings.announce?.(baseUrl, composed.directory);
    const where = surroundings.isContained ? `port ${bound.port} of this container` : baseUrl;
    process.stdout.write(`csms-server listening on ${where}\n`);
    return await drain(composed, log, await stop.promise);
  } catch (error) {
    await composed.close();
    throw error;
  } finally {
    await metricsListener?.close();
  }
}

async function openMetricsListener(
  { allowedHosts, metrics: setting }: Config,
  { metrics }: Composed,
  log: Logger,
): Promise<MetricsListener | undefined> {
  if (typeof setting === 'string' || metrics === undefined) return undefined;
  const { listenForMetrics } = await import('../http/observability/metrics-listener.ts');
  let listener: MetricsListener | undefined;
  const listenAddress = () => listener?.address ?? '';
  const site = createSite({ allowedHosts, listenAddress, publicUrl: undefined, tls: false });
  listener = await listenForMetrics(setting, { metrics, site });
  log.info({ host: setting.host, port: listener.port }, 'metrics are served');
  return listener;
}

async function listen(config: Config, { app }: Composed): Promise<void> {
  const { host, port } = config;
  const address = await findAddress(config);
  try {
    await app.listen({ host: address, port, listenTextResolver: () => 'listening' });
  } catch (cause) {
    const reason = REFUSED_ADDRESSES[(cause as { code?: string } | undefined)?.code ?? ''];
    if (reason === undefined) throw cause;
    throw new StartError('taken', `port ${port} of ${host} ${reason}`, { cause });
  }
}

/** Resolves the address of the setting; a name must not resolve to an address that is not allowed. Throws StartError. */
async function findAddress(config: Config): Promise<string> {
  const { host } = config;
  if (isIP(host) !== 0) return host;
  const { address } = await lookup(host).catch((cause: Error & { code?: string }) => {
    throw new StartError('taken', `CSMS_HOST=${host} is the name of no address (${cause.code})`, { cause });
  });
  requireSafeTransport({ ...config, host: address });
  return address;
}

function onSignals(composed: Composed, log: Logger, stop: (code: number) => void): void {
  let firstMs: number | undefined;
  const onStop = (signal: 'SIGTERM' | 'SIGINT') => {
    firstMs ??= performance.now();
    if (performance.now() - firstMs > REPEAT_MS) process.exit(128 + constants.signals[signal]);
    stop(EXIT.ok);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onStop);
  process.on('SIGHUP', () => {
    composed.reload().then(
      () => log.info({}, 'read identities, hooks and certificates again'),
      (error: unknown) => {
        // A reload cut off by the stop is not the file's fault.
        if (firstMs !== undefined) return;
        const reason = error instanceof Error ? error.message : 'unknown';
        log.error({ reason }, 'reload failed; the former ones stay');
      },
    );
  });
}

/**
 * Lets requests in progress end, within the server's bound, then closes what is behind them. A file system that hangs can
 * hold the writer for ever, and Node waits for its threads: then another process ends this one. Every confirmed change is
 * in the database's log, where the next start finds it.
 */
async function drain(composed: Composed, log: Logger, code: number): Promise<number> {
  const late = setTimeout(() => {
    log.error({}, 'the storage did not close in time; the next start recovers what is in its log');
    process.on('exit', () => process.kill(process.pid, 'SIGKILL'));
    process.exit(code);
  }, STOP_MS_MAX);
  await composed.app.close();
  // A writer that died has nothing left to finish.
  await composed.close().catch(printFailure);
  clearTimeout(late);
  return code;
}

function boundOf(config: Config, bound: AddressInfo | string | null): Bound {
  if (bound === null || typeof bound === 'string') throw new Error('the server has no address');
  const scheme = config.tlsCertFile === undefined ? 'http' : 'https';
  return { scheme, address: bound.address, port: bound.port };
}
