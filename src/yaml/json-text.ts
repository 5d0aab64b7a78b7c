import { isScalar, Scalar, visit } from 'yaml';
import { FileError } from './file-error.ts';
import { jsonFaultAt } from './json-fault.ts';
import { keyOf, parseYaml, YAML_LIMITS, type YamlNode } from './yaml-node.ts';

/** A string with what follows it, a bracket, or blanks: what has to be known of JSON to read it as YAML. */
const TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*)(:?)|[[{]|[\]}]|[\t\r ]+/g;

/**
 * Parses strict JSON so that every complaint can name its line. Numbers, booleans and null are refused.
 * Throws FileError for all else that is no JSON, doubled keys, too deep nesting, and what is too large.
 */
export function parseJson({ file, text }: { readonly file: string; readonly text: string }): YamlNode {
  const whole = { file, line: 1, key: '(file)' };
  if (text.length > YAML_LIMITS.characters) throw new FileError(whole, 'is too large');
  try {
    JSON.parse(text);
  } catch {
    const line = text.slice(0, jsonFaultAt(text)).split('\n').length;
    throw new FileError({ ...whole, line }, 'is not valid JSON');
  }
  if (depthOf(text) > YAML_LIMITS.depth) throw new FileError(whole, 'is nested too deeply');
  const root = parseYaml({ file, text: asYaml(text) });
  refuseBareValues(root);
  return root;
}

/** The same on the same lines, with blanks where YAML wants them. */
function asYaml(text: string): string {
  return text.replace(TOKEN, (token, string?: string, blanks = '', colon = '') => {
    if (string === undefined) return /^[\t\r ]/.test(token) ? ' ' : token;
    return string + colon + blanks.replaceAll(/[\t\r]/g, ' ');
  });
}

function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** Every scalar of YAML is text here; in JSON only what is in quotes is. */
function refuseBareValues({ content, file, lineAt }: YamlNode): void {
  if (isScalar(content)) return;
  // The root was parsed, so it is a node of the library.
  visit(content as Parameters<typeof visit>[0], {
    Scalar: (place, scalar, above) => {
      if (place === 'key' || scalar.type === Scalar.QUOTE_DOUBLE) return;
      const key = keyOf([...above, scalar]);
      throw new FileError(
        { file, line: lineAt(scalar.range?.[0] ?? 0), key },
        'must be text, a list or an object',
      );
    },
  });
}
