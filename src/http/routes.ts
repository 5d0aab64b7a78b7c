import { registerAgencies } from './agencies.ts';
import { registerBatches } from './batches.ts';
import { registerBlob } from './blob.ts';
import { registerChecker } from './checker.ts';
import { registerDataKeys } from './data-keys.ts';
import { registerEncryption } from './encryption.ts';
import { registerEvents } from './events.ts';
import { registerFunctionTemplates } from './function-templates.ts';
import { registerGrants } from './grants.ts';
import { registerKeyAliases } from './key-aliases.ts';
import { registerKeyLifecycle } from './key-lifecycle.ts';
import { registerKeyQuotas } from './key-quotas.ts';
import { registerKeyRotation } from './key-rotation.ts';
import { registerKeyTags } from './key-tags.ts';
import { registerKeys } from './keys.ts';
import { limitLargeBodies } from './large-bodies.ts';
import { registerLifecycle } from './lifecycle.ts';
import { registerNotifications } from './notifications.ts';
import { registerPasswords } from './passwords.ts';
import { registerSecrets } from './secrets.ts';
import type { App, ServerOptions } from './server.ts';
import { registerStages } from './stages.ts';
import { registerTagSearch } from './tag-search.ts';
import { registerTags } from './tags.ts';
import { registerTasks } from './tasks.ts';
import { registerUsers } from './users.ts';
import { registerVersions } from './versions.ts';

/** Every operation that needs credentials. */
export function registerRoutes(api: App, options: Pick<ServerOptions, 'functionTemplates' | 'users'>): void {
  // One count for all routes that take them.
  const largeBodies = limitLargeBodies();
  registerSecrets(api);
  registerLifecycle(api);
  registerVersions(api);
  registerStages(api);
  registerEvents(api);
  registerNotifications(api);
  registerTasks(api);
  registerTags(api);
  registerTagSearch(api);
  registerGrants(api);
  registerBatches(api, largeBodies);
  registerBlob(api, largeBodies);
  registerChecker(api);
  registerPasswords(api);
  registerAgencies(api);
  registerFunctionTemplates(api, options.functionTemplates);
  registerUsers(api, options.users);
  registerKeys(api);
  registerKeyLifecycle(api);
  registerKeyQuotas(api);
  registerKeyRotation(api);
  registerKeyAliases(api);
  registerKeyTags(api);
  registerDataKeys(api);
  registerEncryption(api);
}
