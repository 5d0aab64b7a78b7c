// Adds the Node that runs it to the list of what an image consists of: `runtime.mjs FILE`.
import { readFileSync, writeFileSync } from 'node:fs';

const [, , file] = process.argv;
const sbom = JSON.parse(readFileSync(file, 'utf8'));
const { node: version } = process.versions;
const ref = `node@${version}`;
sbom.components.push({
  'bom-ref': ref,
  type: 'platform',
  name: 'node',
  version,
  purl: `pkg:generic/node@${version}`,
});
sbom.dependencies.find(({ ref: of }) => of === sbom.metadata.component['bom-ref']).dependsOn.push(ref);
writeFileSync(file, `${JSON.stringify(sbom, undefined, 2)}\n`);
