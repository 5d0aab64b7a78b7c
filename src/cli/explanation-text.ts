import type { User } from '../auth/identities/identities.ts';
import type { Explanation, StatementRef } from './explanation.ts';

const FAILURES = {
  scope: 'it counts in other projects',
  action: 'it is about other actions',
  resource: 'it is about other resources',
  condition: 'its conditions are not met',
} as const;

/** An explanation for a person. `usesPolicies`: whether the file has any policies. */
export function explanationText(
  explanation: Explanation,
  { usesPolicies, user }: { readonly usesPolicies: boolean; readonly user: User },
): string {
  const { action, considered, dependencies, project, resource } = explanation;
  const where = project === null ? 'outside any project' : `in project ${project.name}`;
  const what = resource === '*' ? action : `${action} on ${resource}`;
  const refused = dependencies.find(({ decision }) => decision === 'deny');
  const lines = [
    `May ${user.name} (domain ${user.domainName}) do ${what} ${where}?`,
    '',
    usesPolicies
      ? sentence(explanation)
      : 'Yes: the identities have no policies, so every user may do everything.',
    ...(explanation.decision === 'allow' && refused !== undefined
      ? [`But it also takes ${refused.action} on ${keyName(refused.resource)}, which is not allowed.`]
      : []),
    ...(user.isDisabled ? [`But ${user.name} is disabled, and no request of this user is accepted.`] : []),
  ];
  if (considered.length > 0) {
    lines.push('', 'Considered, in this order:');
    for (const statement of considered) {
      const fate = statement.failed === null ? 'matches' : `does not match: ${FAILURES[statement.failed]}`;
      lines.push(`  ${statement.effect.padEnd(5)}  ${named(statement)}: ${fate}`);
    }
  }
  if (dependencies.length > 0) {
    lines.push('', 'It also takes:');
    for (const { action: needed, decision, resource: key, statement } of dependencies) {
      const by = statement === null ? '' : ` by ${named(statement)}`;
      const answer =
        decision === 'allow'
          ? `allowed${by}`
          : statement === null
            ? 'not allowed by any policy'
            : `denied${by}`;
      lines.push(`  ${needed} on ${keyName(key)}: ${answer}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function sentence({ reason, statement }: Explanation): string {
  if (statement === null) return 'No: no policy allows it.';
  const verb = reason === 'allow' ? 'allows' : 'denies';
  return `${reason === 'allow' ? 'Yes' : 'No'}: ${named(statement)} ${verb} it${reason === 'allow' ? '' : ', whatever else allows it'}.`;
}

function named({ index, policy, sid, via }: StatementRef): string {
  const which = sid === null ? `statement ${index}` : `statement ${index} (${sid})`;
  const owner = via === 'user' ? '' : ` of ${via.replace(':', ' ')}`;
  return `${which} of policy ${policy}${owner}`;
}

function keyName(resource: string): string {
  return resource === '*' ? 'a key that --key does not name' : resource;
}
