import { SETTINGS } from '../config/settings.ts';

/** Values that a flag would show to every user of the machine, in the list of processes. */
export const SECRET_SETTINGS: ReadonlySet<string> = new Set([
  'CSMS_CONTROL_TOKEN',
  'CSMS_DEV_PASSWORD',
  'CSMS_DEV_SK',
]);

const NAME_COLUMNS = 23;

/** The flag of a variable: `port` for CSMS_PORT. */
export function flagOf(name: string): string {
  return name.slice('CSMS_'.length).toLowerCase().replaceAll('_', '-');
}

/** The variables of a server, a line each, for `--help`. */
export function settingsHelp(mode: 'dev' | 'serve'): string {
  const shown = SETTINGS.filter(({ meaning }) => mode === 'dev' || !meaning.startsWith('`dev` only'));
  const lines = shown.map(
    (setting) =>
      `  ${setting.name.padEnd(NAME_COLUMNS)} ${plain(setting.meaning)} (${plain(setting.default)})\n`,
  );
  return `
Every variable may be given as a flag: --port 4281 is CSMS_PORT=4281. The three secrets among them may not, since
a command line can be read by others.

${lines.join('')}`;
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}
