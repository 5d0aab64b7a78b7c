import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A JSON schema, or any part of one. */
type Schema = Readonly<Record<string, unknown>>;

/** What the chart renders, and the group and version that stand in the names of the files. */
const KINDS: readonly (readonly [definition: string, suffix: string])[] = [
  ['io.k8s.api.apps.v1.StatefulSet', 'apps-v1'],
  ['io.k8s.api.core.v1.Secret', 'v1'],
  ['io.k8s.api.core.v1.Service', 'v1'],
  ['io.k8s.api.core.v1.ServiceAccount', 'v1'],
  ['io.k8s.api.networking.v1.NetworkPolicy', 'networking-v1'],
];
/** Says nothing about what is valid. */
const PROSE = new Set(['description', 'default', 'example', 'format', '$schema']);
const REFERENCE = '#/definitions/';

const [definitionsFile = '', monitorFile = '', directory = '.'] = process.argv.slice(2);
const definitions: Record<string, Schema> = JSON.parse(readFileSync(definitionsFile, 'utf8'));
for (const [name, suffix] of KINDS) write(name.split('.').at(-1) ?? '', suffix, strict(definitions[name]));
const monitor = parse(readFileSync(monitorFile, 'utf8'));
write('ServiceMonitor', 'monitoring-v1', strict(monitor.spec.versions[0].schema.openAPIV3Schema));

function write(kind: string, suffix: string, schema: unknown): void {
  writeFileSync(
    join(directory, `${kind.toLowerCase()}-${suffix}.json`),
    `${JSON.stringify(schema, null, 1)}\n`,
  );
}

/** The schema with references put in their places and unknown fields refused; without prose. */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict);
  if (typeof value !== 'object' || value === null) return value;
  const schema = value as Schema;
  const { $ref, properties } = schema;
  if (typeof $ref === 'string') {
    const name = $ref.slice(REFERENCE.length);
    const found = definitions[name];
    if (found === undefined) throw new Error(`${name} is not defined`);
    return strict(found);
  }
  const kept = Object.entries(schema).filter(([key]) => !PROSE.has(key) && !key.startsWith('x-kubernetes-'));
  const result = Object.fromEntries(
    kept.map(([key, part]) => [key, key === 'properties' ? fieldsOf(part as Schema) : strict(part)]),
  );
  if ('x-kubernetes-int-or-string' in schema) return { oneOf: [{ type: 'integer' }, { type: 'string' }] };
  return properties === undefined ? result : { ...result, additionalProperties: false };
}

/** The names of fields are no keywords: one may be called `default` or `format`. */
function fieldsOf(properties: Schema): unknown {
  return Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, strict(part)]));
}
