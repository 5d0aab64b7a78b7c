import { parentPort, workerData } from 'node:worker_threads';
import { loadIdentities } from '../auth/identities/file.ts';
import { identityPieces, weightOf } from '../auth/identities/pieces.ts';
import { replaceHash } from '../auth/logins/password-change.ts';
import { SecretError } from '../core/errors.ts';
import { createFileReader, type FileReader } from '../files/file-reader.ts';
import { type Seen, watchReading } from '../files/reloadable.ts';
import { parseAddressRules } from '../webhook/address-rules.ts';
import { loadHooks } from '../webhook/hooks-file.ts';
import { warningsAbout } from './identity-warnings.ts';
import {
  type FromLoader,
  type LoaderInput,
  type LoadingEnd,
  type LoadingTask,
  PIECES_MAX,
  type Piece,
} from './loading.ts';

/** What was read. */
interface Contents extends Omit<LoadingEnd, 'warnings'> {
  readonly pieces: Iterable<Piece>;
}

// The loader thread's parts meet here: it reads one thing, and sends it bit by bit.
if (parentPort !== null) {
  const port = parentPort;
  const messages = messagesFor(workerData as LoaderInput);
  port.on('message', () => {
    const next = messages.next();
    if (next.done !== true) port.postMessage(next.value);
  });
}

function* messagesFor({ task, isStrict }: LoaderInput): Generator<FromLoader> {
  const seen = new Map<string, Seen>();
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const { pieces, ...end } = read(task, watchReading(createFileReader({ isStrict, warn }), seen));
  let slice: Piece[] = [];
  let weight = 0;
  for (const piece of allPieces(seen, pieces)) {
    slice.push(piece);
    weight += 'identity' in piece ? weightOf(piece.identity) : 1;
    if (weight < PIECES_MAX) continue;
    yield { pieces: slice };
    slice = [];
    weight = 0;
  }
  yield { pieces: slice, end: { ...end, warnings } };
}

function* allPieces(seen: ReadonlyMap<string, Seen>, pieces: Iterable<Piece>): Generator<Piece> {
  for (const found of seen) yield { seen: found };
  yield* pieces;
}

function read(task: LoadingTask, reader: FileReader): Contents {
  try {
    return task.kind === 'hooks' ? readHooks(task, reader) : readIdentities(task, reader);
  } catch (error) {
    // A bug is one message like any other: its stack would say nothing about the file.
    const message = error instanceof Error ? error.message : 'unknown';
    const isForCaller = error instanceof SecretError && error.code === 'password-fixed';
    const code = isForCaller ? 'password-fixed' : undefined;
    return { pieces: [], identityWarnings: [], failure: { message, code } };
  }
}

function readHooks(task: LoadingTask & { kind: 'hooks' }, reader: FileReader): Contents {
  const rules = parseAddressRules(task.webhookHosts);
  const hooks = loadHooks({ ...task, rules, reader });
  return { pieces: hooks.map((hook) => ({ hook })), identityWarnings: [] };
}

function readIdentities(task: LoadingTask & { kind: 'identities' | 'hash' }, reader: FileReader): Contents {
  const { refuseUrl } = parseAddressRules(task.webhookHosts);
  const source = { file: task.file, env: process.env, reader, refuseUrl };
  const contents = task.kind === 'hash' ? replaceHash(source, task.change) : loadIdentities(source);
  return {
    pieces: [...identityPieces(contents)].map((identity) => ({ identity })),
    identityWarnings: warningsAbout(contents),
  };
}
