import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Prints the functions in which the CPU profiles of a directory spent their own time, most first. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const [directory = '.', count = '25'] = process.argv.slice(2);
for (const file of readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'))) {
  const profile = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile;
  const selfUs = new Map<number, number>();
  profile.samples.forEach((id, index) => {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  const byFunction = new Map<string, number>();
  for (const { id, callFrame } of profile.nodes) {
    const place = callFrame.url.replace(/^.*\/(src|node_modules)\//, '$1/');
    const name = `${callFrame.functionName || '(anonymous)'} ${place}:${callFrame.lineNumber + 1}`;
    byFunction.set(name, (byFunction.get(name) ?? 0) + (selfUs.get(id) ?? 0));
  }
  const idle = (byFunction.get('(idle) :0') ?? 0) + (byFunction.get('(program) :0') ?? 0) * 0;
  const total = [...byFunction.values()].reduce((sum, us) => sum + us, 0) - idle;
  console.log(`${file}: ${(total / 1e6).toFixed(1)} s busy`);
  for (const [name, us] of [...byFunction].sort((a, b) => b[1] - a[1]).slice(0, Number(count))) {
    if (name !== '(idle) :0') console.log(`  ${((us / total) * 100).toFixed(1).padStart(5)} %  ${name}`);
  }
}
