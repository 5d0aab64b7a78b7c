// Stands in for `kubectl` in the programs of docs/kubernetes.md. Keeps each Secret
// as JSON, with its values in base64, in the folder CLUSTER; what else a cluster would do is not done. Refuses what it does not know.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const words = process.argv.slice(2).filter((word, at, all) => word !== '-n' && all[at - 1] !== '-n');
const options = (name) =>
  words.filter((word) => word.startsWith(`--${name}=`)).map((word) => word.slice(name.length + 3));
const names = words.filter((word) => !word.startsWith('-')).join(' ');

const keep = ({ metadata, data }) =>
  writeFileSync(join(process.env.CLUSTER, `${metadata.name}.json`), JSON.stringify(data));

function secret(name, files) {
  const data = Object.entries(files).map(([key, path]) => [key, readFileSync(path).toString('base64')]);
  const made = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: Object.fromEntries(data) };
  if (words.includes('--dry-run=client')) process.stdout.write(JSON.stringify(made));
  else keep(made);
}

const [, kind, name] = /^create secret (generic|tls) ([\w-]+)(?: yaml)?$/.exec(names) ?? [];
if (kind === 'generic')
  secret(name, Object.fromEntries(options('from-file').map((path) => [basename(path), path])));
else if (kind === 'tls') secret(name, { 'tls.crt': options('cert')[0], 'tls.key': options('key')[0] });
else if (names === 'apply' && words.join(' ') === 'apply -f -') keep(JSON.parse(readFileSync(0, 'utf8')));
else if (!/^create namespace \w+$/.test(names)) {
  process.stderr.write(`this stands in for a cluster, and does not know: ${words.join(' ')}\n`);
  process.exitCode = 1;
}
