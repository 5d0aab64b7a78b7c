import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, SecretError } from '../../../src/core/errors.ts';
import type { Limits } from '../../../src/core/limits.ts';
import type { SecretAggregate, SecretCommand } from '../../../src/core/secrets/secrets.ts';
import { commandOf, history, type Step, limits as someLimits } from '../../support/arbitraries.ts';
import { aCommand, decideOn, evolve, marks, numbers, T0 } from '../../support/builders.ts';

const RUNS = 1_000;

interface Rules {
  readonly limits: Limits;
  readonly versionCap: 'prune' | 'reject';
}

/** One step of a history: what was asked, and what became of it. */
interface Turn {
  readonly before: SecretAggregate;
  readonly command: SecretCommand;
  readonly after: SecretAggregate;
  /** The refusal, after which nothing may have changed. */
  readonly refused: ErrorCode | undefined;
}

/** Carries a history out on a new secret, with a clock that runs, stands still and goes back. */
function* turnsOf(steps: readonly Step[], rules: Rules): Generator<Turn> {
  let nowMs = T0;
  let current = evolve(undefined, aCommand('create-secret', { nowMs, limits: rules.limits }));
  for (const step of steps) {
    nowMs += step.tickMs;
    const command = commandOf(step, current, { nowMs, ...rules });
    const before = current;
    let refused: ErrorCode | undefined;
    try {
      current = decideOn(before, command).next!;
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      refused = error.code;
    }
    yield { before, command, after: current, refused };
  }
}

function forEveryHistory(check: (steps: readonly Step[], rules: Rules) => void): void {
  const cap = fc.constantFrom('prune' as const, 'prune' as const, 'prune' as const, 'reject' as const);
  fc.assert(
    fc.property(history, someLimits, cap, (steps, limits, versionCap) =>
      check(steps, { limits, versionCap }),
    ),
    { numRuns: RUNS },
  );
}

const rises = (values: readonly number[]): boolean =>
  values.every((value, index) => index === 0 || value > values[index - 1]!);

/** The first invariant that this turn breaks. */
function brokenInvariant({ before, after, command, refused }: Turn, { limits }: Rules): string | undefined {
  const { secret, versions, stages } = after;
  const versionSlots = versions.map((version) => version.slot);
  const stageSlots = stages.map((stage) => stage.slot);
  const within = (slots: number[], limit: number) => slots.every((slot) => slot >= 0 && slot < limit);
  const evicted = before.versions.filter(
    (version) => !versions.some((kept) => kept.number === version.number),
  );
  const change = secret.revision - before.secret.revision;
  const invariants: Record<string, boolean> = {
    'no more versions than the limit': versions.length <= limits.versions,
    'no more stages than the limit': stages.length <= limits.stages,
    'no two versions share a slot': new Set(versionSlots).size === versionSlots.length,
    'no two stages share a slot': new Set(stageSlots).size === stageSlots.length,
    'the slots of versions are in range': within(versionSlots, limits.versions),
    'the slots of stages are in range': within(stageSlots, limits.stages),
    'the built-in stages have slots 0 and 1': stages.every(
      ({ name, slot }) => ['SYSCURRENT', 'SYSPREVIOUS'].indexOf(name) === (slot < 2 ? slot : -1),
    ),
    'a stage marks one version': new Set(stages.map((stage) => stage.name)).size === stages.length,
    'a stage marks a version that exists': stages.every((stage) =>
      numbers(after).includes(stage.versionNumber),
    ),
    'SYSCURRENT is always set': stages.some((stage) => stage.name === 'SYSCURRENT'),
    'numbers rise': rises(numbers(after)),
    'create_time rises': rises(versions.map((version) => version.createTimeMs)),
    'a new version is later than one that made room for it':
      versions.at(-1)?.number === before.versions.at(-1)?.number ||
      versions.at(-1)!.createTimeMs > before.versions.at(-1)!.createTimeMs,
    'update_time never goes back': secret.updateTimeMs >= before.secret.updateTimeMs,
    'the counter never goes down': secret.lastVersionNumber >= before.secret.lastVersionNumber,
    'the newest version is the last number': versions.at(-1)?.number === secret.lastVersionNumber,
    'a staged version is never evicted': evicted.every(
      ({ number }) => !Object.values(marks(after)).includes(number),
    ),
    'the oldest is evicted first': evicted.every(({ number }) =>
      versions.every((kept) => kept.number > number || Object.values(marks(after)).includes(kept.number)),
    ),
    'a change raises the revision by one, and nothing else does':
      after === before ? change === 0 : change === 1,
    'a refusal changes nothing': refused === undefined || after === before,
    'only these change nothing': (after === before) === (refused !== undefined || leavesAlone(command)),
    'a deletion is scheduled exactly while one is pending':
      (secret.state === 'PENDING_DELETE') === (secret.scheduledDeleteTimeMs !== undefined) &&
      (secret.state === 'PENDING_DELETE') === (secret.stateBeforeDeletion !== undefined),
  };
  return Object.keys(invariants).find((name) => !invariants[name]);
}

function leavesAlone(command: SecretCommand): boolean {
  // No history is long enough for a scheduled deletion to come.
  if (command.kind === 'purge-secret') return true;
  return command.kind === 'update-secret' && Object.keys(command.update).length === 0;
}

/** The rules once more, as simply as can be: a list of versions and a map of stages. */
class Model {
  versions = [1];
  stages = new Map([['SYSCURRENT', 1]]);
  lastNumber = 1;
  pending = false;
  key: string;
  readonly rules: Rules;

  constructor(key: string, rules: Rules) {
    this.key = key;
    this.rules = rules;
  }

  /** Carries a command out, or says why not. */
  apply(command: SecretCommand, secretId: string): ErrorCode | undefined {
    switch (command.kind) {
      case 'add-version': {
        if (this.pending) return 'secret-not-enabled';
        if (command.id !== secretId || command.version.kmsKeyId !== this.key) return 'seal-outdated';
        return this.add(command.stages ?? ['SYSCURRENT']);
      }
      case 'set-version-expiry':
        if (this.pending) return 'secret-not-enabled';
        return this.versions.includes(command.versionNumber) ? undefined : 'version-not-found';
      case 'put-stage': {
        if (this.pending) return 'secret-pending-deletion';
        if (!this.versions.includes(command.versionNumber)) return 'version-not-found';
        const stages = new Map(this.stages).set(command.name, command.versionNumber);
        if (this.hasTooMany(stages)) return 'stage-limit';
        this.stages = stages;
        return undefined;
      }
      case 'remove-stage':
        if (this.pending) return 'secret-pending-deletion';
        if (command.name.startsWith('SYS')) return 'stage-built-in';
        return this.stages.delete(command.name) ? undefined : 'stage-not-found';
      case 'update-secret':
        if (this.pending) return 'secret-pending-deletion';
        this.key = command.update.kmsKeyId ?? this.key;
        return undefined;
      case 'schedule-deletion':
        if (this.pending) return 'deletion-already-scheduled';
        this.pending = true;
        return undefined;
      case 'cancel-deletion':
        if (!this.pending) return 'deletion-not-scheduled';
        this.pending = false;
        return undefined;
      case 'purge-secret':
        return undefined;
      default:
        throw new Error(`the model does not know ${command.kind}`);
    }
  }

  private add(names: readonly string[]): ErrorCode | undefined {
    const number = this.lastNumber + 1;
    const stages = new Map(this.stages);
    if (names.includes('SYSCURRENT')) stages.set('SYSPREVIOUS', stages.get('SYSCURRENT')!);
    for (const name of names) stages.set(name, number);
    if (this.hasTooMany(stages)) return 'stage-limit';
    const versions = [...this.versions, number];
    if (versions.length > this.rules.limits.versions) {
      if (this.rules.versionCap === 'reject') return 'version-limit';
      const staged = new Set(stages.values());
      versions.splice(
        versions.findIndex((candidate) => !staged.has(candidate)),
        1,
      );
    }
    this.versions = versions;
    this.stages = stages;
    this.lastNumber = number;
    return undefined;
  }

  private hasTooMany(stages: ReadonlyMap<string, number>): boolean {
    const own = [...stages.keys()].filter((name) => !name.startsWith('SYS'));
    return own.length + 2 > this.rules.limits.stages;
  }
}

describe('in every history of one secret', () => {
  it('the invariants hold', () => {
    forEveryHistory((steps, rules) => {
      for (const turn of turnsOf(steps, rules)) {
        const broken = brokenInvariant(turn, rules);
        if (broken !== undefined) throw new Error(`${broken}: ${JSON.stringify(turn.command)}`);
      }
    });
  });

  it('versions, stages and refusals are those of the model', () => {
    forEveryHistory((steps, rules) => {
      let model: Model | undefined;
      for (const { before, command, after, refused } of turnsOf(steps, rules)) {
        model ??= new Model(before.secret.kmsKeyId, rules);
        const expected = model.apply(command, before.secret.id);
        const actual = { refused, versions: numbers(after), stages: marks(after), state: after.secret.state };
        expect(actual).toEqual({
          refused: expected,
          versions: model.versions,
          stages: Object.fromEntries(model.stages),
          state: model.pending ? 'PENDING_DELETE' : 'ENABLED',
        });
        expect(after.secret.lastVersionNumber).toBe(model.lastNumber);
      }
    });
  });

  it('every limit and every refusal is met, or the two tests above would prove little', () => {
    const met: Record<string, number> = { evictions: 0 };
    forEveryHistory((steps, rules) => {
      for (const { before, after, refused } of turnsOf(steps, rules)) {
        if (refused !== undefined) met[refused] = (met[refused] ?? 0) + 1;
        if (numbers(before)[0] !== numbers(after)[0]) met.evictions! += 1;
      }
    });
    const codes = [
      'evictions',
      'secret-not-enabled',
      'secret-pending-deletion',
      'seal-outdated',
      'version-limit',
      'version-not-found',
      'stage-limit',
      'stage-built-in',
      'stage-not-found',
      'deletion-already-scheduled',
      'deletion-not-scheduled',
    ];
    expect(codes.filter((code) => (met[code] ?? 0) < 50)).toEqual([]);
  });
});
