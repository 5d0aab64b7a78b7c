import { StartError } from '../app/start-error.ts';
import { type Environment, type ServerMode, type SettingValues, wrong } from './setting-values.ts';
import { type AllSettings, CLIENT_VARIABLES, SETTINGS, UNSUPPORTED } from './settings.ts';

/** All settings of a server, checked and frozen. */
export interface Config extends SettingValues {
  /** Holds the secrets for which a setting or the identities name a variable. */
  readonly environment: Environment;
  readonly mode: ServerMode;
}

/** What it takes to open the stored data. */
export type DataConfig = Pick<Config, 'environment' | 'mode' | 'dataDirectory' | 'rootKey'>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/**
 * Reads the settings of a server from the environment. An empty variable counts as not set.
 * Throws StartError (configuration) that names the first variable which is unknown, else wrong, else missing.
 */
export function readConfig(mode: ServerMode, env: Environment): Config {
  requireKnown(env);
  const given = SETTINGS.map(({ name, read }) => ({ name, read, text: env[name] || undefined }));
  const isMissing = ({ text }: { readonly text: string | undefined }) => Number(text === undefined);
  const ordered = given.toSorted((one, other) => isMissing(one) - isMissing(other));
  const parts = ordered.map(({ name, read, text }) => read({ name, text, mode }));
  const dev = Object.assign({}, ...parts.map((part) => 'dev' in part && part.dev));
  const companion = Object.assign({}, ...parts.map((part) => 'companion' in part && part.companion));
  // The cast is the union of what the rows read.
  const values = Object.assign({}, ...parts, { dev, companion }) as AllSettings;
  const config: Config = Object.freeze({ ...values, environment: env, mode });
  requireSafeTransport(config);
  return config;
}

/**
 * Reads the settings of a command that checks stored data: those of serve when CSMS_DATA is set, else those of dev.
 * Throws StartError (configuration).
 */
export function readVerifyConfig(env: Environment): DataConfig {
  requireKnown(env);
  const dataDirectory = env.CSMS_DATA || '.csms';
  // A key beside its data is not refused here: reading the data makes nothing worse.
  return {
    environment: env,
    mode: 'dev',
    dataDirectory,
    rootKey: env.CSMS_ROOT_KEY || `file:${dataDirectory}/root.key`,
  };
}

function requireKnown(env: Environment): void {
  const known = new Set([...SETTINGS.map(({ name }) => name), ...CLIENT_VARIABLES]);
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('CSMS_') || !value || known.has(name)) continue;
    if (UNSUPPORTED.includes(name)) throw wrong(name, 'is not supported in this release');
    throw wrong(name, 'is not a variable of csms-server');
  }
}

/** Refuses plain HTTP beyond loopback unless it is allowed, and half a certificate. Throws StartError (configuration). */
export function requireSafeTransport(config: Config): void {
  const { tlsCertFile, tlsClientCaFile, tlsKeyFile, host, allowHttp, mode } = config;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    throw new StartError('configuration', 'CSMS_TLS_CERT and CSMS_TLS_KEY go together');
  }
  if (tlsClientCaFile !== undefined && tlsCertFile === undefined)
    throw new StartError('configuration', 'CSMS_TLS_CLIENT_CA needs CSMS_TLS_CERT and CSMS_TLS_KEY');
  if (tlsCertFile !== undefined || allowHttp || LOOPBACK.test(host)) return;
  const remedy =
    mode === 'dev' ? 'set CSMS_ALLOW_HTTP=1' : 'set CSMS_TLS_CERT and CSMS_TLS_KEY, or CSMS_ALLOW_HTTP=1';
  throw new StartError('configuration', `CSMS_HOST=${host} is plain HTTP beyond loopback: ${remedy}`);
}
