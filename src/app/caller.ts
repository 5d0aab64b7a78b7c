/** Who is calling, after authentication. */
export interface Caller {
  readonly domainId: string;
  readonly userId: string;
  readonly userName: string;
  /** Projects that the credentials reach. */
  readonly projectIds: ReadonlySet<string>;
  readonly method: 'signature' | 'token';
  /** Access key id of a signed request; for logs. */
  readonly accessKeyId: string | undefined;
}

/** A caller, with how the proof of its identity has read the request. */
export interface ProvenCaller extends Caller {
  /** What a `+` in the query means: a signature says so, and everywhere else it is a blank, as forms write it. */
  readonly plus: 'literal' | 'blank';
}
