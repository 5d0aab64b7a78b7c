import { pathToFileURL } from 'node:url';
import type { RESOURCES as SOURCE_RESOURCES } from '../src/std/resources.ts';

/** In `dist/` all of them are beside the bundles, which are CommonJS and know their own file by this name. */
const dist = pathToFileURL(__filename);

/** Replaces src/std/resources.ts in what scripts/build.ts makes. */
export const RESOURCES: typeof SOURCE_RESOURCES = Object.freeze({
  manifest: new URL('../package.json', dist),
  migrations: new URL('migrations/', dist),
  functionTemplates: new URL('function-templates/', dist),
  launcher: new URL('../src/launch.js', dist),
  temporaryServer: new URL('temporary-server.cjs', dist),
  writer: new URL('writer.cjs', dist),
  loader: new URL('loader.cjs', dist),
});
