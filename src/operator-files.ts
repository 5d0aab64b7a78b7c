import type { Clock, Log } from './app/ports.ts';
import type { Config } from './config.ts';
import { createFileReader, type FileReader } from './files/file-reader.ts';
import { createReloadable, type Reloadable } from './files/reloadable.ts';
import { type Certificate, readCertificate, validityFault } from './http/certificate.ts';

/** How often the files are looked at. A change is taken up at the second look that finds it. */
const LOOK_MS = 10_000;

/** Files of the operator that are read again while the server runs. */
export interface OperatorFiles {
  /** Reads all of them; those that are good come into effect. Throws an error that names each that is not. */
  reload(): void;
  /** Looks at none of them any more. */
  stop(): void;
}

/** The way to files with a secret or with authority: `serve` refuses what others could read or write, `dev` warns. */
export function readerFor({ mode }: Pick<Config, 'mode'>, log: Log): FileReader {
  return createFileReader({ isStrict: mode === 'serve', warn: (message) => log.warn({}, message) });
}

/**
 * Looks at the files again and again, and reads those whose content has changed. Each on its own: what is wrong with a
 * certificate must not keep a removed access key in force. @see docs/adr/0038-files-of-the-operator.md
 */
export function watchFiles(log: Log, reloadables: readonly Reloadable[]): OperatorFiles {
  const timer = setInterval(() => {
    for (const reloadable of reloadables) look(log, reloadable);
  }, LOOK_MS);
  timer.unref();
  return {
    reload() {
      const faults = reloadables.flatMap((reloadable) => {
        try {
          reloadable.reload();
          return [];
        } catch (error) {
          return [messageOf(error)];
        }
      });
      if (faults.length > 0) throw new Error(faults.join('; '));
    },
    stop: () => clearInterval(timer),
  };
}

function look(log: Log, reloadable: Reloadable): void {
  const { name } = reloadable;
  try {
    if (reloadable.poll()) log.info({ files: name }, 'files have changed and were read again');
  } catch (error) {
    log.error({ files: name, reason: messageOf(error) }, 'reload failed; the former ones stay');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}

/** The certificate that the server shows. */
export interface CertificateFiles {
  present(): Certificate;
  readonly files: Reloadable;
  /** `use` is told of each later one. */
  onChange(use: (certificate: Certificate) => void): void;
}

/**
 * Reads the certificate that is configured, and again when it changes; undefined: none is. Warns of one that clients will
 * refuse. Throws StartError (configuration).
 */
export function openCertificate(
  { tlsCertFile: certFile, tlsKeyFile: keyFile }: Config,
  { reader, log, clock }: { readonly reader: FileReader; readonly log: Log; readonly clock: Clock },
): CertificateFiles | undefined {
  if (certFile === undefined || keyFile === undefined) return undefined;
  let present: Certificate | undefined;
  let use: (certificate: Certificate) => void = () => undefined;
  const load = (files: FileReader): Certificate => {
    const next = readCertificate(files, { certFile, keyFile });
    const { startMs, endMs } = next;
    const fault = validityFault(next, clock.nowMs());
    if (fault !== undefined) {
      const validity = { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() };
      log.warn({ file: certFile, ...validity }, `${fault}: clients will refuse it`);
    }
    use(next);
    present = next;
    return next;
  };
  const files = createReloadable({ name: 'certificate', reader, load });
  return {
    present: () => present ?? load(reader),
    files,
    onChange(next) {
      use = next;
    },
  };
}
