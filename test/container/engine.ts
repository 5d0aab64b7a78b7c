import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type Ended, ROOT, runProgram, type Variables } from '../e2e/process.ts';

const WAIT_MS = 100_000;
const { DOCKER_CONFIG, SDK_PYTHON = '' } = process.env;

/** Runs `docker` with these arguments to its end, against the engine of engine.sh. */
export function docker(args: readonly string[], variables: Variables = {}): Promise<Ended> {
  return runProgram(['docker', ...args], { ...variables, DOCKER_CONFIG });
}

/** What a command of docker prints. Throws what it says when it fails. */
export async function output(args: readonly string[], variables: Variables = {}): Promise<string> {
  const { code, stdout, stderr } = await docker(args, variables);
  if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return stdout.trim();
}

/** The value of a Go template over what the engine knows of an image or a container, as JSON. */
export async function inspect<T>(name: string, path: string): Promise<T> {
  return JSON.parse(await output(['inspect', '--format', `{{json ${path}}}`, name])) as T;
}

const started: string[] = [];
afterAll(async () => {
  for (const id of started.splice(0)) await docker(['rm', '--force', '--volumes', id]);
});

/** Starts a container, which is removed after the file's last test; returns its id. */
export async function start(args: readonly string[]): Promise<string> {
  const id = await output(['run', '--detach', ...args]);
  started.push(id);
  return id;
}

/** Runs JavaScript in a container; returns what it prints. */
export function evaluate(id: string, script: string): Promise<string> {
  return output(['exec', id, '/nodejs/bin/node', '-e', script]);
}

/** Waits for the verdict of a container's health check. */
export async function becomes(id: string, health: 'healthy' | 'unhealthy'): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while ((await inspect<string>(id, '.State.Health.Status')) !== health) {
    if (performance.now() > deadline) throw new Error(`${id} did not become ${health}`);
    await new Promise((resume) => setTimeout(resume, 200));
  }
}

/** The services of compose.yaml under a name of their own, with these variables; all of it is gone after the last test. */
export function createProject(name: string, variables: Variables = {}) {
  const project = ['compose', '--file', join(ROOT, 'compose.yaml'), '--project-name', name];
  afterAll(() => docker([...project, 'down', '--volumes', '--timeout', '1'], variables));
  const run = (...args: readonly string[]) => output([...project, ...args], variables);
  return {
    run,
    /** As `run`, for what may fail. */
    tryRun: (...args: readonly string[]) => docker([...project, ...args], variables),
    container: (service: string) => run('ps', '--all', '--quiet', service),
    /** Everything that the services have written. */
    logs: () => run('logs', '--no-log-prefix'),
  };
}

/** Makes sure of a secret with this value and reads it, through the unmodified SDK; returns what it has read. */
export async function callThroughSdk(
  credentials: Variables,
  { name, value, ca }: { readonly name: string; readonly value: string; readonly ca?: string },
): Promise<string> {
  const script = join(import.meta.dirname, 'sdk.py');
  const { code, stdout, stderr } = await runProgram([SDK_PYTHON, script, name, value], {
    ...credentials,
    SDK_CA: ca,
    PYTHONDONTWRITEBYTECODE: '1',
    // It writes an application id there.
    HOME: process.env.SCRATCH,
  });
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** What package.json says. */
export const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly license: string;
  readonly devDependencies: Readonly<Record<string, string>>;
};
