import type { Clock, Log } from '../app/ports/deps.ts';
import type { Config } from '../config/config.ts';
import { createFileReader, type FileReader } from '../files/file-reader.ts';
import { createReloadable, type Reloadable } from '../files/reloadable.ts';
import { type Certificate, readCertificate, validityFault } from '../http/connections/certificate.ts';
import { isSameAuthorities } from '../http/connections/client-authorities.ts';
import { createLoadingThreads, type LoadingThreads } from './loading-thread.ts';

/** How often the files are checked. A change takes effect at the second check that finds it. */
const LOOK_MS = 10_000;

/** How to read files with a secret or with authority. */
export interface FileWays {
  readonly reader: FileReader;
  /** For files that may be long, once requests wait for this thread. */
  readonly threads: LoadingThreads;
}

/** Prepares reading files: `serve` refuses what others can read or write, `dev` warns, once for each fault. */
export function openFileWays(
  { environment, mode }: Pick<Config, 'environment' | 'mode'>,
  log: Log,
): FileWays {
  const told = new Set<string>();
  const warn = (message: string) => {
    if (!told.has(message)) log.warn({}, message);
    told.add(message);
  };
  const isStrict = mode === 'serve';
  const reader = createFileReader({ isStrict, warn });
  return { reader, threads: createLoadingThreads({ environment, isStrict, warn }) };
}

/**
 * Checks the files again and again, and reads those whose content has changed. Each by itself: a wrong certificate must
 * not keep a removed access key in force. @see docs/adr/0038-files-of-the-operator.md
 */
export function watchFiles(
  log: Log,
  reloadables: readonly Reloadable[],
  threads: Pick<LoadingThreads, 'stop'>,
) {
  let isStopped = false;
  const timer = setInterval(() => {
    for (const { name, poll } of reloadables) {
      poll().then(
        (isRead) => isRead && log.info({ files: name }, 'files have changed and were read again'),
        (error: unknown) => {
          if (isStopped) return;
          log.error({ files: name, reason: messageOf(error) }, 'reload failed; the former ones stay');
        },
      );
    }
  }, LOOK_MS);
  timer.unref();
  return {
    /** Reads all of them; valid ones take effect. Rejects with an error that names each of the others. */
    async reload(): Promise<void> {
      const results = await Promise.allSettled(reloadables.map(({ reload }) => reload()));
      const faults = results.flatMap((result) =>
        result.status === 'rejected' ? [messageOf(result.reason)] : [],
      );
      if (faults.length > 0) throw new Error(faults.join('; '));
    },
    /** Stops checking; what is being read is dropped silently. */
    stop(): void {
      isStopped = true;
      clearInterval(timer);
      threads.stop();
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}

/** The certificate that the server shows. */
export interface CertificateFiles {
  present(): Certificate;
  readonly files: Reloadable;
  /** `use` gets each later one. */
  onChange(use: (certificate: Certificate) => void): void;
  /** `use` is called behind that, for each that comes with other authorities of client certificates. */
  onAuthoritiesChange(use: () => void): void;
}

/**
 * Reads the configured certificate, and again when it changes; undefined: none is configured. Warns of one that clients
 * will refuse. Throws StartError (configuration).
 */
export function openCertificate(
  { tlsCertFile: certFile, tlsClientCaFile: clientCaFile, tlsKeyFile: keyFile }: Config,
  { reader, log, clock }: { readonly reader: FileReader; readonly log: Log; readonly clock: Clock },
): CertificateFiles | undefined {
  if (certFile === undefined || keyFile === undefined) return undefined;
  let present: Certificate | undefined;
  const uses: ((certificate: Certificate) => void)[] = [];
  const authorityUses: (() => void)[] = [];
  const load = (files: FileReader): Certificate => {
    const next = readCertificate(files, { certFile, keyFile, clientCaFile });
    const { startMs, endMs } = next;
    const fault = validityFault(next, clock.nowMs());
    if (fault !== undefined) {
      const validity = { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() };
      log.warn({ file: certFile, ...validity }, `${fault}: clients will refuse it`);
    }
    for (const use of uses) use(next);
    const isOther = !isSameAuthorities(present?.clientAuthorities, next.clientAuthorities);
    if (isOther) for (const use of authorityUses) use();
    present = next;
    return next;
  };
  const files = createReloadable({ name: 'certificate', reader, load });
  return {
    present: () => present ?? load(reader),
    files,
    onChange: (use) => uses.push(use),
    onAuthoritiesChange: (use) => authorityUses.push(use),
  };
}
