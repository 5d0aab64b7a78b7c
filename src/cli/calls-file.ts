import { entriesOf, fieldsOf, parseYaml, requiredField, textOf, type YamlNode } from '../yaml/yaml-node.ts';
import { readTextFile } from './text-file.ts';

/** A request to compare the responses of. */
export interface WrittenCall {
  readonly method: string;
  /** `{project_id}` is the sender's project. */
  readonly path: string;
  /** Sent as it is written. */
  readonly body: string | undefined;
}

/** A file of calls. */
export interface CallsFile {
  readonly calls: readonly WrittenCall[];
  /** Names of members that may differ, wherever they are. */
  readonly ignored: ReadonlySet<string>;
}

const METHOD = { pattern: /^(?:GET|POST|PUT|PATCH|DELETE|HEAD)$/, rule: 'a method such as GET' };
const PATH = { pattern: /^\/[\x21-\x7e]*$/, rule: 'a path on the server, such as /v1/{project_id}/secrets' };
const TEXT = { pattern: /^/, rule: 'text' };
const NAME = { pattern: /^[^\s]{1,128}$/, rule: 'the name of a member' };

/**
 * Reads a YAML file of calls: `calls`, each with `method`, `path` and, as JSON text, `body`; and `ignore`, names of
 * members. Throws FileError that names the line; StartError (configuration) for a file that cannot be read.
 */
export function readCallsFile(file: string): CallsFile {
  const fields = fieldsOf(parseYaml({ file, text: readTextFile(file) }), ['calls', 'ignore']);
  return {
    calls: entriesOf(fields.get('calls')).map(readCall),
    // Each response has one of its own.
    ignored: new Set(['request_id', ...entriesOf(fields.get('ignore')).map((node) => textOf(node, NAME))]),
  };
}

function readCall(node: YamlNode): WrittenCall {
  const fields = fieldsOf(node, ['method', 'path', 'body']);
  const body = fields.get('body');
  return {
    method: textOf(requiredField(node, fields, 'method'), METHOD),
    path: textOf(requiredField(node, fields, 'path'), PATH),
    body: body === undefined ? undefined : textOf(body, TEXT),
  };
}
