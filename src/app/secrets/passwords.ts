import { invalidParameter } from '../../core/errors.ts';
import { generatePassword, type PasswordRecipe } from '../../core/secrets/passwords.ts';
import type { Deps } from '../ports/deps.ts';

/**
 * A random password after a recipe. There are no named policies, so every name of one is refused: ignoring the policy
 * that the caller asked for would be a surprise.
 * Throws invalid-parameter. @see API operation GenerateRandomPassword
 */
export function generateRandomPassword(
  { random }: Pick<Deps, 'random'>,
  recipe: PasswordRecipe,
  policyName: string | undefined,
): string {
  if (policyName !== undefined) throw invalidParameter('password_policy_name', 'names no policy that exists');
  return generatePassword(recipe, (bound) => random.below(bound));
}
