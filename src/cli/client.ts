import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { StartError } from '../app/start-error.ts';
import { signRequest } from '../auth/signatures/signer.ts';
import { readGuarded } from '../files/guarded-file.ts';
import { dataFolder } from '../storage/sqlite/files/data-directory.ts';
import { UsageError } from './flags.ts';

/** What a client command needs to reach a server. */
export interface ClientSettings {
  readonly endpoint: string | undefined;
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly projectId: string | undefined;
}

/** What a command for tests needs to reach the control API of a server. */
export interface ControlSettings {
  readonly endpoint: string | undefined;
  readonly controlToken: string;
  /** The world that is meant where the command line names none. */
  readonly world: string;
}

const CREDENTIALS_BYTES_MAX = 65_536;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the client's credentials from the environment, under the names that the SDKs use too; what is missing is read
 * from `credentials.env` in the data directory. Throws StartError (configuration) that names what to set; FileFault when
 * others can read or write that file.
 */
export function readClientSettings(env: Environment): ClientSettings {
  const find = finder(env);
  const accessKeyId = find('HUAWEICLOUD_SDK_AK', 'HW_ACCESS_KEY');
  const secretKey = find('HUAWEICLOUD_SDK_SK', 'HW_SECRET_KEY');
  if (accessKeyId === undefined || secretKey === undefined) {
    throw new StartError('configuration', 'HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK are not set');
  }
  const projectId = find('HUAWEICLOUD_SDK_PROJECT_ID', 'HW_PROJECT_ID');
  return { endpoint: find('CSMS_ENDPOINT'), accessKeyId, secretKey, projectId };
}

/**
 * Reads user and password from where `readClientSettings` looks. Throws StartError (configuration) that names what to
 * set.
 */
export function readLoginSettings(env: Environment) {
  const find = finder(env);
  const required = (name: string): string => {
    const value = find(name);
    if (value !== undefined) return value;
    throw new StartError('configuration', `${name} is not set, and a token is given for a password alone`);
  };
  return {
    endpoint: find('CSMS_ENDPOINT'),
    user: required('CSMS_USER'),
    domain: required('CSMS_DOMAIN'),
    password: required('CSMS_PASSWORD'),
    projectId: find('HUAWEICLOUD_SDK_PROJECT_ID', 'HW_PROJECT_ID'),
  };
}

/**
 * Reads what opens the control API from where `readClientSettings` looks. Throws StartError (configuration) that names
 * what to set.
 */
export function readControlSettings(env: Environment): ControlSettings {
  const find = finder(env);
  const controlToken = find('CSMS_CONTROL_TOKEN');
  if (controlToken === undefined) throw new StartError('configuration', 'CSMS_CONTROL_TOKEN is not set');
  return { endpoint: find('CSMS_ENDPOINT'), controlToken, world: find('CSMS_WORLD') ?? 'main' };
}

/** The first of these variables that is set, in the environment or else in credentials.env. */
function finder(env: Environment): (...names: string[]) => string | undefined {
  const file = join(dataFolder(env.CSMS_DATA || '.csms'), 'credentials.env');
  let stored: Environment | undefined;
  return (...names) => {
    for (const name of names) if (env[name]) return env[name];
    stored ??= readStored(file);
    for (const name of names) if (stored[name]) return stored[name];
    return undefined;
  };
}

/** Refuses a file that others can write: it says where the request goes, and with which key. */
function readStored(file: string): Environment {
  if (!existsSync(file)) return {};
  const { bytes, fault } = readGuarded({ path: file, content: 'secret', bytesMax: CREDENTIALS_BYTES_MAX });
  if (fault !== undefined) throw fault;
  return parseEnv(bytes.toString('utf8'));
}

/** Reads METHOD and PATH or URL from the command line. `usage`: what to write instead. Throws UsageError. */
export function readTarget(
  positionals: readonly string[],
  usage: string,
): { method: string; target: string } {
  const [method, target, ...rest] = positionals;
  if (method === undefined || target === undefined || rest.length > 0 || !/^[A-Za-z]{3,10}$/.test(method)) {
    throw new UsageError(usage);
  }
  return { method: method.toUpperCase(), target };
}

/** Fills `{project_id}` in. Throws StartError (configuration) when no project is known. */
export function fillProject(target: string, { projectId }: ClientSettings): string {
  if (!target.includes('{project_id}')) return target;
  if (projectId === undefined) throw new StartError('configuration', 'HUAWEICLOUD_SDK_PROJECT_ID is not set');
  return target.replaceAll('{project_id}', projectId);
}

/** All headers of a request that is signed now; a body is JSON. */
export function signNow(
  { accessKeyId, secretKey, projectId }: ClientSettings,
  request: { readonly method: string; readonly url: URL; readonly body: string | undefined },
): Record<string, string> {
  const headers = request.body === undefined ? {} : { 'Content-Type': 'application/json' };
  return signRequest({ ...request, headers, accessKeyId, secretKey, projectId, nowMs: Date.now() });
}
