/** How `startCsms` starts a server. */
export interface CsmsOptions {
  /** A seed: the path of the file, or its content as an object. */
  readonly seed?: string | object | undefined;
  /** Listening port; any free one without it. */
  readonly port?: number | undefined;
  /** Variables of the server. Of the caller's own it gets none that begins with `CSMS_`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Key of the control API, 16 to 128 letters, digits, `-`, `_`; a random one without it. */
  readonly controlToken?: string | undefined;
}

/** Where a server's control API is, and its key. */
export interface CsmsAddress {
  /** The server's base address, such as `http://127.0.0.1:4280`. */
  readonly endpoint: string;
  /** `CSMS_CONTROL_TOKEN` of its credentials.env. */
  readonly controlToken: string;
}

/** Credentials that the caller chooses; each is random without it. */
export interface CsmsChosenCredentials {
  readonly ak?: string | undefined;
  readonly sk?: string | undefined;
  readonly password?: string | undefined;
}

/** What a fork may be told. */
export interface CsmsForkOptions {
  /** `^[a-z][a-z0-9-]{0,31}$`; a free one without it. */
  readonly name?: string | undefined;
  /** The world to copy; the one whose `fork` is called without it. */
  readonly from?: string | undefined;
  /** It is deleted after so long without a request: `1s` to `24h`, `1h` by default. */
  readonly ttl?: string | undefined;
  readonly credentials?: CsmsChosenCredentials | undefined;
}

/** The first user of a world, as clients need it. */
export interface CsmsCredentials {
  readonly endpoint: string;
  readonly ak: string;
  readonly sk: string;
  readonly project_id: string;
  /** An X-Auth-Token, good for 24 hours of the world's clock. */
  readonly token: string;
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

/** A user of a world. */
export interface CsmsUser {
  readonly name: string;
  readonly ak: string;
  readonly sk: string;
  readonly password: string;
}

/** What a world's clock shows: a time such as `2030-01-31T00:00:00.000Z`. */
export interface CsmsTime {
  readonly now: string;
  readonly frozen: boolean;
}

/** Something that became due and was carried out. */
export interface CsmsFired {
  readonly at: string;
  /** Such as `SECRET_ROTATED`. */
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  /** Of a failed rotation. */
  readonly code?: string;
  /** Of notifications, as the next two. */
  readonly event_type?: string;
  readonly topic?: string;
  readonly status?: string;
}

/** How far the clock was moved, and what happened on the way. */
export interface CsmsMove extends CsmsTime {
  readonly from: string;
  /** False: it stopped on its way, and is to be called again. */
  readonly settled: boolean;
  readonly fired: readonly CsmsFired[];
}

/** The clock of a world. */
export interface CsmsClock {
  /** The time that it shows, such as `2030-01-31T00:00:00.000Z`. */
  now(): Promise<string>;
  freeze(): Promise<CsmsTime>;
  resume(): Promise<CsmsTime>;
  /** Moves it on by a duration such as `30d`, or to a time, from one due moment to the next. */
  advance(by: string | Date): Promise<CsmsMove>;
  /** Shows that time at once, also an earlier one. */
  set(to: string | Date): Promise<CsmsMove>;
}

/** Which requests fail, and how. One of `status`, `reset` and `latency` is required. */
export interface CsmsFaultRule {
  readonly operation?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly name?: string | undefined;
  readonly user?: string | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly reset?: boolean | undefined;
  readonly latency?: string | undefined;
  readonly when?: 'before' | 'after' | undefined;
  readonly times?: number | undefined;
  readonly ttl?: string | undefined;
  readonly probability?: number | undefined;
  readonly seed?: number | string | undefined;
}

/** A rule that is in force, or spent. */
export interface CsmsFault extends CsmsFaultRule {
  readonly id: string;
  readonly hits: number;
}

/** The rules of a world by which requests fail. */
export interface CsmsFaults {
  add(rule: CsmsFaultRule): Promise<CsmsFault>;
  list(): Promise<readonly CsmsFault[]>;
  remove(id: string): Promise<void>;
  clear(): Promise<void>;
}

/** Which entries of a list; `*` in a text is any text, and `status` may be `4xx`. */
export interface CsmsFilter {
  /** Only entries after this `seq`. */
  readonly since?: number | undefined;
  /** Waits so long at most, until `count` entries fit; then the call is refused with 408. */
  readonly wait?: string | undefined;
  /** 1 by default. */
  readonly count?: number | undefined;
  /** Any member of the entries. */
  readonly [member: string]: string | number | undefined;
}

/** A request that the world was asked. Null: there is none, such as the status of a connection that was reset. */
export interface CsmsRequest {
  readonly seq: number;
  readonly at: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  /** The secret's. */
  readonly name: string | null;
  readonly user: string;
  readonly status: number | null;
  readonly error_code: string | null;
  /** The id of the fault that it met. */
  readonly fault: string | null;
  readonly duration_ms: number;
  readonly request_id: string;
}

/** A notification that the world sent, or tries to send. */
export interface CsmsNotification {
  readonly seq: number;
  readonly at: string;
  readonly event_type: string;
  /** The event's name. */
  readonly event: string;
  /** The secret's. */
  readonly name: string;
  readonly version: string | null;
  readonly topic: string;
  /** `PENDING`, `SUCCESS`, `FAIL` or `INVALID`. */
  readonly status: string;
  readonly attempts: number;
  /** What SMN delivers. */
  readonly message: string;
}

/** Limits of a world: a profile, or figures named as in `CSMS_LIMITS`, and `requests-per-second`. */
export interface CsmsQuota {
  readonly profile?: 'huawei' | undefined;
  readonly [figure: string]: number | string | undefined;
}

/** Where topics and functions of a world lead: the members of `hooks.yaml`, with `secret` for `secret_file`. */
export interface CsmsHooks {
  readonly topics?: readonly object[] | undefined;
  readonly functions?: readonly object[] | undefined;
}

/** What the application of a seed did. */
export interface CsmsApplied {
  readonly created: number;
  readonly replaced: number;
  readonly unchanged: number;
}

/** The content of a world, as a seed. */
export interface CsmsSeed {
  /** The text of a seed, or its content as an object. */
  apply(seed: string | object): Promise<CsmsApplied>;
  export(): Promise<string>;
}

/** A world: a copy of the server's content with keys and a clock of its own. */
export interface CsmsWorld extends AsyncDisposable {
  readonly name: string;
  /** The world that it was copied from; null for `main`. */
  readonly from: string | null;
  readonly ttl: string | null;
  /** The first user's. */
  readonly credentials: CsmsCredentials;
  readonly users: readonly CsmsUser[];
  /** The same credentials as variables of clients. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: CsmsClock;
  readonly faults: CsmsFaults;
  readonly seed: CsmsSeed;
  requests(filter?: CsmsFilter): Promise<CsmsRequest[]>;
  notifications(filter?: CsmsFilter): Promise<CsmsNotification[]>;
  /** Sets the limits, and returns those in force; without an argument only returns them; null ends what was set. */
  quota(limits?: CsmsQuota | null): Promise<Record<string, unknown>>;
  /** Sets the hooks, and returns them without secrets; without an argument only returns them. */
  hooks(hooks?: CsmsHooks): Promise<CsmsHooks>;
  /** Back to the moment when it was forked; `main`: to its seed. */
  reset(): Promise<void>;
  fork(options?: CsmsForkOptions): Promise<CsmsWorld>;
  /** `await using` does so at the end of the block; a world that is gone by then is no failure there. */
  delete(): Promise<void>;
}

/** A server, and its world `main`. `await using` stops it at the end of the block. */
export interface Csms extends CsmsWorld, CsmsAddress {
  /** The world of this name. */
  world(name: string): Promise<CsmsWorld>;
  /** Ends the server, if this program has started it; leaves no process and no file. May be called twice. */
  stop(): Promise<void>;
}
