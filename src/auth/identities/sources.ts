import type { FileReader } from '../../files/file-reader.ts';

/** The sources of secrets that the identities file only names. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a small text file; the path is absolute. Its errors may be of any kind. */
  readonly readFile: (path: string) => string;
  /** Reads a text file that holds no secret but decides who may do what; the path is absolute. Its errors likewise. */
  readonly readPublic: (path: string) => string;
  /** Why the server must not call a URL; absent: nobody is going to. */
  readonly refuseUrl?: ((url: URL) => string | undefined) | undefined;
}

/** Bytes of a file that holds one secret key or one hash. */
const SECRET_FILE_BYTES_MAX = 4_096;
/** Bytes of a policy document, a key set or certificates; blanks that indent a document do not count towards its length. */
const PUBLIC_FILE_BYTES_MAX = 1_048_576;
/** Some ten thousand users, which are in memory twice while the file is read again. */
const IDENTITIES_BYTES_MAX = 2_097_152;

/** What the sources are made of. */
export interface SourcesInput extends Pick<SecretSources, 'env' | 'refuseUrl'> {
  readonly reader: FileReader;
}

/** The sources of a server: its environment, and files that only it may read. */
export function createSecretSources({ env, reader, refuseUrl }: SourcesInput): SecretSources {
  return {
    env,
    readFile: (path) => readSecretText(reader, path, SECRET_FILE_BYTES_MAX),
    readPublic: (path) =>
      reader.read({ path, content: 'authority', bytesMax: PUBLIC_FILE_BYTES_MAX }).toString('utf8'),
    refuseUrl,
  };
}

/** The text of an identities file, which may hold secret keys and says who may do what. Throws FileFault. */
export function readIdentitiesText(reader: FileReader, file: string): string {
  return readSecretText(reader, file, IDENTITIES_BYTES_MAX);
}

function readSecretText(reader: FileReader, path: string, bytesMax: number): string {
  const bytes = reader.read({ path, content: 'secret', bytesMax });
  const text = bytes.toString('utf8');
  bytes.fill(0);
  return text;
}
