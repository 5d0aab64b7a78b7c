import type { Companion } from '../compose/companion.ts';
import type { ServerProcess } from '../compose/process.ts';
import { randomIds } from '../compose/sources.ts';
import type { App } from '../http/app.ts';
import { parseAddressRules } from '../webhook/address-rules.ts';
import { showDate } from './clock/date-header.ts';
import type { ControlApp } from './control/app.ts';
import { createEntrance } from './control/entrance.ts';
import { createProtection } from './control/protection.ts';
import { spoilResponses } from './faults/responses.ts';
import { onDemand } from './on-demand.ts';
import { watchRequests } from './requests/watch.ts';
import type { Seeds } from './seed/seeds.ts';
import { createTestMain } from './worlds/test-world.ts';
import { createTestWorlds, type TestWorlds } from './worlds/test-worlds.ts';
import type { PasswordOf } from './worlds/users.ts';
import { useUntilClosed } from './worlds/uses.ts';

/**
 * Creates what dev adds for tests: worlds, clocks, faults, seeds and records, and the control API over them.
 * Throws StartError for a wrong setting.
 */
export async function createCompanion(
  shared: ServerProcess,
  passwordOf: PasswordOf = () => undefined,
): Promise<Companion> {
  const { config, log } = shared;
  const { tokenKey } = shared.storage;
  const { controlHosts, controlToken = randomIds.uid() } = config.companion;
  const checkAccess = createProtection({ token: controlToken, hosts: controlHosts });
  const main = createTestMain(shared, passwordOf);
  const worlds = createTestWorlds(shared, main);
  const stopping = new AbortController();
  const seeds = onDemand(() => openSeeds(shared, worlds));
  const entrance = createEntrance(log, openControl);

  async function openControl(): Promise<ControlApp> {
    const [{ createControl }, { registerNouns }, ofWorlds] = await Promise.all([
      import('./control/app.ts'),
      import('./control/nouns.ts'),
      seeds.get(),
    ]);
    const deps = { config, seeds: ofWorlds, tokenKey, worlds, stopping: stopping.signal };
    const register = (app: ControlApp) => registerNouns(app, deps);
    return createControl({ checkAccess, worlds, log, register });
  }

  return {
    mainParts: (parts) => main.partsFrom(parts),
    watch(signed) {
      showDate(signed, (world) => worlds.find(world)?.clock);
      keepUsedWorlds(signed, worlds);
      watchRequests(signed, worlds);
      spoilResponses(signed, (world) => worlds.find(world)?.faults);
      signed.addHook('preClose', (done) => {
        stopping.abort();
        done();
      });
    },
    takeRequest: entrance.take,
    async begin(all) {
      worlds.begin(all);
      const { seedFile } = config.companion;
      if (seedFile !== undefined) await (await seeds.get()).applyFile(seedFile);
    },
    async close() {
      await worlds.end();
      await entrance.close();
    },
  };
}

async function openSeeds(
  { config, identities, log, turns }: ServerProcess,
  worlds: TestWorlds,
): Promise<Seeds> {
  const { createSeeds } = await import('./seed/seeds.ts');
  const rules = parseAddressRules(config.webhookHosts);
  return createSeeds({ config, log, turns, worlds, rules, identities: () => identities.present.directory });
}

/** A world that is called lasts. */
function keepUsedWorlds(signed: App, worlds: TestWorlds): void {
  signed.addHook('preValidation', (request, reply, done) => {
    const { world } = request.caller;
    if (world !== worlds.main.name) useUntilClosed(worlds, world, reply.raw);
    done();
  });
}
