import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIFFERENCES } from './differences.ts';
import {
  type ClientOutcome,
  clientOutcomes,
  clientSuites,
  httpTestCounts,
  REFERENCE,
  type ServedOperation,
  servedOperations,
} from './results.ts';

/** The columns of clients, each with the suites that count for it. A suite of another name gets a column of its own. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  Python: ['python', 'python-kms'],
  Node: ['node'],
  Java: ['java'],
  Go: ['go'],
  Dapr: ['dapr'],
  SOPS: ['sops'],
  keystoneauth: ['keystone'],
  'KMS wrapper': ['go-kms-wrapping'],
  'curl and CLI': ['readme'],
};
const MARKS: Readonly<Record<ClientOutcome, string>> = { done: 'yes', refused: 'refusals' };

const HEAD = `<!-- Written by \`npm run matrix\` from what the tests did. Do not edit: differences are kept in test/matrix/differences.ts. -->

# The operations

One line for each operation: whether the server has it, how many tests of \`test/http\` call it, which real clients had it
carried out, and what a user of the real service meets differently. *yes*: a call succeeded; *refusals*: the client only
saw it refuse something; empty: that client has not called it.
`;

interface Row {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
}

/** Writes docs/api-matrix.md. Throws when a suite has left no results. */
function generate(): void {
  const served = servedOperations();
  const known = new Set(REFERENCE.map(({ operationId }) => operationId));
  const further = served.filter(({ operationId }) => !known.has(operationId));
  const table = createTable(served);
  const csms = REFERENCE.filter(({ source }) => source !== 'KMS');
  const kms = REFERENCE.filter(({ source }) => source === 'KMS');
  const isIdentity = ({ tag }: ServedOperation) => tag === 'Identity';
  const sections = [
    ['CSMS', 'The 45 operations of the SDKs, and three that only the documents have.', csms],
    ['KMS', 'The part of the key service that CSMS needs.', kms],
    ['IAM', 'What clients ask of the identity service.', further.filter(isIdentity)],
    ['Further operations', '', further.filter((operation) => !isIdentity(operation))],
  ] as const;
  const text = sections
    .filter(([, , rows]) => rows.length > 0)
    .map(([title, about, rows]) => [`## ${title}`, about, table(rows)].filter(Boolean).join('\n\n'));
  writeFileSync(join(import.meta.dirname, '../../docs/api-matrix.md'), [HEAD, ...text, ''].join('\n'));
}

/** Makes the table of a section from everything that the tests left behind. */
function createTable(served: readonly ServedOperation[]): (rows: readonly Row[]) => string {
  const servedIds = new Set(served.map(({ operationId }) => operationId));
  const counts = httpTestCounts();
  const clients = columns().map(([title, suites]) => [title, suites.map(clientOutcomes)] as const);
  const titles = ['Operation', 'Method and path', 'Here', 'HTTP tests', ...clients.map(([title]) => title)];
  const head = [...titles, 'Differences'];
  return (rows) => {
    const lines = rows.map(({ operationId, method, path }) => [
      `\`${operationId}\``,
      `\`${method} ${path}\``,
      servedIds.has(operationId) ? 'yes' : 'no',
      String(counts.get(operationId) ?? 0),
      ...clients.map(([, outcomes]) => mark(outcomes.map((outcome) => outcome.get(operationId)))),
      servedIds.has(operationId) ? (DIFFERENCES[operationId] ?? '') : 'Not there yet.',
    ]);
    return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  };
}

function columns(): (readonly [string, readonly string[]])[] {
  const present = clientSuites();
  const grouped = Object.values(CLIENTS).flat();
  const own = present.filter((suite) => !grouped.includes(suite)).map((suite) => [suite, [suite]] as const);
  const named = Object.entries(CLIENTS).map(
    ([title, suites]) => [title, suites.filter((suite) => present.includes(suite))] as const,
  );
  return [...named, ...own];
}

function mark(outcomes: readonly (ClientOutcome | undefined)[]): string {
  if (outcomes.includes('done')) return MARKS.done;
  return outcomes.includes('refused') ? MARKS.refused : '';
}

generate();
