import type { Stage, Version } from './secrets/secrets.ts';

/** What a decision about a secret did, for notifications and records. It never holds a value. */
export type Fact =
  /** Sealed under the key that the version names; `origin`: where it comes from: a caller, a rotation or a backup. */
  | { readonly kind: 'version-added'; readonly version: Version; readonly origin: VersionOrigin }
  | { readonly kind: 'version-removed' | 'version-expired'; readonly version: Version }
  /** `from` is absent if it marked nothing before, `to` if it marks nothing now. */
  | {
      readonly kind: 'stage-moved';
      readonly name: string;
      readonly from: number | undefined;
      readonly to: number | undefined;
    }
  | { readonly kind: 'version-changed'; readonly version: Version; readonly fields: readonly string[] }
  | { readonly kind: 'secret-changed'; readonly fields: readonly string[] }
  | { readonly kind: 'tags-changed'; readonly keys: readonly string[] }
  | { readonly kind: 'secret-rotated'; readonly version: Version }
  /** Only the code: a task's text may quote a function, and subscribers are strangers. */
  | { readonly kind: 'rotation-failed'; readonly code: string; readonly version: Version | undefined }
  | { readonly kind: 'secret-removed' };

/** Where a new version comes from. */
export type VersionOrigin = 'caller' | 'rotation' | 'backup';

/** The stages that now mark another version, or none. */
export function stageMoves(before: readonly Stage[], after: readonly Stage[]): Fact[] {
  const numberIn = (stages: readonly Stage[], name: string) =>
    stages.find((stage) => stage.name === name)?.versionNumber;
  const left = before.filter(({ name }) => numberIn(after, name) === undefined);
  return [...after.filter((stage) => !before.includes(stage)), ...left]
    .map(({ name }) => ({ name, from: numberIn(before, name), to: numberIn(after, name) }))
    .filter(({ from, to }) => from !== to)
    .map((move) => ({ kind: 'stage-moved', ...move }));
}
