import type { Logger } from 'pino';
import type { Composed } from '../compose/server.ts';
import type { Config } from '../config/config.ts';
import { readVersion } from '../config/version.ts';
import { DAY_MS } from '../std/durations.ts';

/** Logs the start: what runs, on which data, with which key; warns of what cannot be reached. */
export async function logStart(log: Logger, config: Config, composed: Composed): Promise<void> {
  const counts = await composed.store.countByProject();
  const endMs = composed.certificateEndMs();
  const secrets = counts.reduce((sum, project) => sum + project.secrets, 0);
  log.info(
    {
      version: readVersion(),
      dataDirectory: config.dataDirectory,
      region: config.region,
      secrets,
      rootKey: composed.rootKeyFingerprint,
      policies: composed.directory().usesPolicies ? 'in force' : 'none',
      ...(endMs !== undefined && { certificateDays: daysLeft(endMs) }),
    },
    'started',
  );
  composed.warnOfIdentities();
  const projects = [...composed.directory().domains.values()].flatMap((domain) => domain.projects);
  const named = new Set(projects.map(({ id }) => id));
  for (const count of counts.filter(({ projectId }) => !named.has(projectId))) {
    log.warn({ ...count }, 'these secrets belong to a project that no identity names: nobody can reach them');
  }
  if (config.mode === 'dev' && !projects.some(({ name }) => name === config.region)) {
    log.warn(
      { region: config.region, projects: projects.map(({ name }) => name).slice(0, 10) },
      'no project has the name of the region: a client that looks its project up by region finds none',
    );
  }
}

/** Whole days until the certificate ends, negative when it has. */
function daysLeft(endMs: number): number {
  return Math.floor((endMs - Date.now()) / DAY_MS);
}
