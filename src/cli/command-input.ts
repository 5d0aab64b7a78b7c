/** What a command gets: its arguments, and the environment overridden by the flags. */
export interface CommandInput {
  readonly positionals: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}
