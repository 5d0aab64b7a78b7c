import { verifyInstallation } from '../compose/verify.ts';
import { readVerifyConfig } from '../config/config.ts';
import { dataFolder } from '../storage/sqlite/files/data-directory.ts';
import type { CommandInput } from './command-input.ts';
import { EXIT } from './exit-codes.ts';
import { createServerLog } from './server-log.ts';

/**
 * `csms-server verify`: checks all that is stored; one line for each damaged row. What it is to accept is logged.
 * @see docs/adr/0040-sums-over-all-rows.md
 */
export async function run({ flags, env }: CommandInput): Promise<number> {
  const config = readVerifyConfig({ ...env, CSMS_DATA: dataFolder(env.CSMS_DATA || '.csms') });
  const older = flags.get('older');
  const report = verifyInstallation(config, { older, accepts: flags.has('accept') });
  const { accepted = [] } = report;
  if (accepted.length > 0) createServerLog('info').warn({ accepted }, 'the rows are accepted as they are');
  if (flags.has('json')) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else {
    for (const difference of accepted) process.stdout.write(`accepted: ${difference}\n`);
    for (const finding of report.findings) process.stdout.write(`${finding}\n`);
    const unreadable =
      report.unreadable === 0 ? '' : ` (${report.unreadable} of them sealed under destroyed keys)`;
    process.stdout.write(
      `checked ${report.secrets} secrets, ${report.versions} versions${unreadable}, ${report.keys} keys: ` +
        `${report.findings.length === 0 ? 'all good' : `${report.findings.length} findings`}\n`,
    );
  }
  return report.findings.length === 0 ? EXIT.ok : EXIT.checkFailed;
}
