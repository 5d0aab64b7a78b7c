import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../app/start-error.ts';
import { readVerifyConfig } from '../config.ts';
import { verifyInstallation } from '../verify.ts';
import type { CommandInput } from './commands.ts';
import { EXIT } from './exit-codes.ts';

/** `csms-server verify`: checks all that is stored; one line for each damaged row. */
export async function run({ flags, env }: CommandInput): Promise<number> {
  const config = readVerifyConfig(env);
  if (!existsSync(join(config.dataDirectory, 'csms.db'))) {
    throw new StartError('configuration', `there is no database in ${config.dataDirectory}`);
  }
  const report = verifyInstallation(config);
  if (flags.has('json')) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else {
    for (const finding of report.findings) process.stdout.write(`${finding}\n`);
    process.stdout.write(
      `checked ${report.secrets} secrets, ${report.versions} versions, ${report.keys} keys: ` +
        `${report.findings.length === 0 ? 'all good' : `${report.findings.length} findings`}\n`,
    );
  }
  return report.findings.length === 0 ? EXIT.ok : EXIT.checkFailed;
}
