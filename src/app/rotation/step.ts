import { SecretError } from '../../core/errors.ts';
import { SYSCURRENT, SYSPENDING, SYSPREVIOUS } from '../../core/names.ts';
import {
  type Accounts,
  type CallOutcome,
  failure,
  functionRequest,
  parseAccount,
  readFunctionResponse,
  readPending,
} from '../../core/rotation/functions.ts';
import { functionProject, parseRotationConfig } from '../../core/rotation/rotation.ts';
import { CLOSED, GONE, PENDING_MOVED } from '../../core/rotation/rules.ts';
import type { Task, TaskError, TaskResult } from '../../core/rotation/tasks.ts';
import type { Secret, SecretAggregate, SecretRef } from '../../core/secrets/secrets.ts';
import { findStage } from '../../core/secrets/stages.ts';
import { parseValue, type SecretValue } from '../../core/secrets/values.ts';
import { change } from '../change.ts';
import { sealingKey } from '../kms/keys.ts';
import {
  type Hook,
  type Hooks,
  SIGNATURE_HEADER,
  signatureHeader,
  type WebhookBounds,
  type Webhooks,
} from '../outbound/webhooks.ts';
import type { Clock, Deps } from '../ports/deps.ts';
import { requireStrength } from '../secrets/checker.ts';
import { sealVersion, untilSealed } from '../secrets/seal.ts';
import { showSecret } from '../secrets/secrets.ts';
import { showVersion } from '../secrets/versions.ts';

/** Bounds of one call; a function may have to wait for its database. */
const FUNCTION_BOUNDS: WebhookBounds = Object.freeze({ timeoutMs: 30_000, responseBytesMax: 131_072 });

/** What a step works with. */
export interface RotationStepDeps extends Deps {
  readonly hooks: Hooks;
  readonly webhooks: Webhooks;
  /** What functions compare the time of a signature with. */
  readonly machineClock: Clock;
}

/** How a step ended: a call to record, a new value that has been stored, or no call for now. */
export type StepOutcome =
  | CallOutcome
  | { readonly kind: 'stored'; readonly result: TaskResult }
  | { readonly kind: 'held' };

/** A refusal that ends the rotation: its reason does not change by itself. */
class StepEnded extends Error {
  readonly error: TaskError;

  constructor(error: TaskError) {
    super(error.code);
    this.error = error;
  }
}

/**
 * Calls the task's function for its next step. The values go into the body of that call and nowhere else. The value that
 * `create` returns is sealed and stored. `ending` cuts the call off. Throws what the store throws. @see
 * docs/behaviour/rotation-function.md
 */
export async function carryOutStep(
  deps: RotationStepDeps,
  task: Task,
  ending: AbortSignal,
): Promise<StepOutcome> {
  try {
    const hook = findFunction(deps.hooks, task);
    const aggregate = await loadSecret(deps, task);
    const config = parseRotationConfig(aggregate.secret.rotationConfig);
    if (config === undefined) throw ended('CONFIG_INVALID', BAD_CONFIG);
    const accounts = await openAccounts(deps, task, aggregate);
    const request = functionRequest(task, aggregate.secret.secretType, config, accounts);
    const outcome = await call({ ...deps, ending }, hook, JSON.stringify(request), accounts);
    if (task.step !== 'create' || outcome.kind !== 'passed') return outcome;
    return await storePending(deps, task, readPending(outcome.response, accounts.current, config));
  } catch (error) {
    if (error instanceof StepEnded) return { kind: 'failed', error: error.error, isFinal: true };
    const known = error instanceof SecretError ? AFTER_REFUSAL[error.code] : undefined;
    if (known !== undefined) return { kind: 'failed', ...known };
    // A value that the rules refuse: their message names the member and the rule.
    if (error instanceof SecretError && error.code === 'invalid-parameter') {
      return failure('ANSWER_INVALID', `The answer to create is refused: ${error.message}`);
    }
    throw error;
  }
}

const BAD_CONFIG =
  'rotation_config is no JSON object with InstanceId and SecretSubType (SingleUser, MultiUser).';

/** Refusals of our rules, as errors of a task. */
const AFTER_REFUSAL: Readonly<Partial<Record<string, { error: TaskError; isFinal: boolean }>>> =
  Object.freeze({
    'secret-not-found': { error: GONE, isFinal: true },
    'secret-not-enabled': { error: CLOSED, isFinal: true },
    'secret-pending-deletion': { error: CLOSED, isFinal: true },
    'version-not-found': { error: PENDING_MOVED, isFinal: true },
    'stage-limit': {
      error: { code: 'LIMIT_REACHED', message: 'The secret has no room for the stage SYSPENDING.' },
      isFinal: true,
    },
    damaged: {
      error: {
        code: 'VALUE_UNUSABLE',
        message: 'A stored value does not pass its check; the operator has to run verify.',
      },
      isFinal: true,
    },
    'key-unusable': {
      error: { code: 'VALUE_UNUSABLE', message: 'The KMS key of the secret cannot be used.' },
      isFinal: false,
    },
  });

function ended(code: TaskError['code'], message: string): StepEnded {
  return new StepEnded({ code, message });
}

/** Only secrets of the function's own project reach its endpoint: no tenant sends values to another's. */
function findFunction(hooks: Hooks, { functionUrn, projectId }: Task): Hook {
  if (functionUrn === undefined) {
    throw ended('FUNCTION_NOT_MAPPED', 'The secret has no rotation_func_urn.');
  }
  const hook = functionProject(functionUrn) === projectId ? hooks.findFunction(functionUrn) : undefined;
  if (hook !== undefined) return hook;
  throw ended(
    'FUNCTION_NOT_MAPPED',
    'The server does not map rotation_func_urn to a webhook of this project (hooks.yaml, functions).',
  );
}

async function loadSecret({ store }: Deps, task: Task): Promise<SecretAggregate> {
  const found = await store.findVersions(refOf(task));
  if (found === undefined || found.secret.id !== task.secretId) throw new StepEnded(GONE);
  if (found.secret.state !== 'ENABLED') throw new StepEnded(CLOSED);
  const isMarked = findStage(found.stages, SYSPENDING)?.versionNumber === task.versionNumber;
  if ((task.step === 'set' || task.step === 'test') && !isMarked) throw new StepEnded(PENDING_MOVED);
  return found;
}

async function openAccounts(deps: Deps, task: Task, { stages }: SecretAggregate): Promise<Accounts> {
  const ref = refOf(task);
  const open = async (number: number | undefined, what: string) => {
    if (number === undefined) return undefined;
    const { bytes, kind } = await showVersion(deps, ref, number);
    const account = kind === 'string' ? parseAccount(bytes.toString('utf8')) : undefined;
    bytes.fill(0);
    if (account !== undefined) return account;
    throw ended('VALUE_UNUSABLE', `The ${what} value is no JSON object with username and password.`);
  };
  const current = await open(findStage(stages, SYSCURRENT)?.versionNumber, 'current');
  if (current === undefined) throw ended('VALUE_UNUSABLE', 'No version has SYSCURRENT.');
  const previous = await open(findStage(stages, SYSPREVIOUS)?.versionNumber, 'previous');
  const pending = await open(task.versionNumber, 'new');
  return { current, previous, pending };
}

async function call(
  deps: RotationStepDeps & { readonly ending: AbortSignal },
  hook: Hook,
  body: string,
  accounts: Accounts,
): Promise<CallOutcome | { readonly kind: 'held' }> {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    [SIGNATURE_HEADER]: signatureHeader(hook, body, deps.machineClock.nowMs()),
  };
  const [url = ''] = hook.urls;
  const outcome = await deps.webhooks.post(url, body, headers, { ...FUNCTION_BOUNDS, signal: deps.ending });
  if (outcome.kind === 'answered') {
    const text = Buffer.from(outcome.body).toString('utf8');
    return readFunctionResponse({ status: outcome.status, text }, accounts);
  }
  if (outcome.reason === 'silent') return { kind: 'held' };
  if (outcome.reason === 'answer-too-large') {
    return failure('ANSWER_INVALID', 'The answer of the function is too large.');
  }
  return failure('FUNCTION_UNREACHABLE', `The function did not answer: ${outcome.reason}.`);
}

async function storePending(deps: Deps, task: Task, text: string): Promise<StepOutcome> {
  const value = parseValue({ text, binary: undefined }, deps.choices.limits);
  try {
    await requireStrength(deps, task.projectId, value);
    return { kind: 'stored', result: await untilSealed(() => sealPending(deps, task, value)) };
  } finally {
    value.bytes.fill(0);
  }
}

async function sealPending(deps: Deps, task: Task, value: SecretValue): Promise<TaskResult> {
  const ref = refOf(task);
  const { attempts, id, step } = task;
  const secret: Secret = await showSecret(deps, ref);
  if (secret.id !== task.secretId) throw new StepEnded(GONE);
  const key = await sealingKey(deps, ref.projectId, secret.kmsKeyId);
  const version = sealVersion(deps, { ref, secretId: secret.id, key }, { value, expireTimeMs: undefined });
  const progress = { step, attempts };
  return change(deps, { aggregate: 'task', kind: 'store-pending', ref, id, progress, version });
}

function refOf({ projectId, secretName }: Task): SecretRef {
  return { projectId, name: secretName };
}
