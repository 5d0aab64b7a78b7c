import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Prints what the built program consists of, as CycloneDX: the packages whose code is in the bundles, which
 * `dist/THIRD-PARTY-LICENSES` names, and those that it loads. npm knows the rest of each. Without time and number, so that
 * the same sources give the same file.
 */
interface Bom {
  serialNumber?: string;
  readonly metadata: { timestamp?: string; component: Component };
  components: Component[];
  dependencies: { readonly ref: string; dependsOn: string[] }[];
}

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  scope?: string;
  properties?: unknown;
}

const bom: Bom = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  }),
);
const licences = readFileSync('dist/THIRD-PARTY-LICENSES', 'utf8');
const bundled = new Set(
  [...licences.matchAll(/^(?:.*-{80}\n\n)?(\S+) (\d\S*), /gm)].map(
    ([, name, version]) => `${name}@${version}`,
  ),
);
const { name: program, dependencies: loaded } = JSON.parse(readFileSync('package.json', 'utf8'));
for (const [name, version] of Object.entries(loaded)) bundled.add(`${name}@${version}`);

// npm names it after the folder.
bom.metadata.component = { ...bom.metadata.component, name: program };
delete bom.serialNumber;
delete bom.metadata.timestamp;
bom.components = bom.components.filter(({ name, version }) => bundled.has(`${name}@${version}`));
// What only development needs of npm is in the program here.
for (const component of bom.components) {
  delete component.scope;
  delete component.properties;
}
const missing = [...bundled].filter(
  (id) => !bom.components.some(({ name, version }) => `${name}@${version}` === id),
);
if (missing.length > 0) throw new Error(`npm does not know ${missing.join(', ')}`);
const known = new Set([...bom.components, bom.metadata.component].map((component) => component['bom-ref']));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => known.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => known.has(other)) }));
process.stdout.write(`${JSON.stringify(bom, undefined, 2)}\n`);
