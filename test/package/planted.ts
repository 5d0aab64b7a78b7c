/** What every planted file holds. */
export const PLANTED_TEXT = 'a text that no package may hold';

/** Private files that may be in a checkout, in each folder that packages are made from. */
export const PLANTED: readonly string[] = [
  '.',
  'config',
  'dist',
  'migrations/sqlite',
  'src',
  'src/function-templates',
].flatMap((folder) => ['.env', 'root.key', 'csms.db', 'identities.yaml'].map((name) => `${folder}/${name}`));
