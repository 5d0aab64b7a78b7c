/**
 * Files that come with the program and are read, or begun with, while it runs: the one place that knows where they are.
 * A build puts scripts/built-resources.ts here instead.
 */
export const RESOURCES = Object.freeze({
  manifest: new URL('../../package.json', import.meta.url),
  migrations: new URL('../../migrations/sqlite/', import.meta.url),
  functionTemplates: new URL('../function-templates/', import.meta.url),
  launcher: new URL('../launch.js', import.meta.url),
  /** What a server that tests start begins with. */
  temporaryServer: new URL('../testing/temporary-server.ts', import.meta.url),
  /** What the threads begin with. */
  writer: new URL('../compose/writer.ts', import.meta.url),
  loader: new URL('../compose/loader.ts', import.meta.url),
});
