import { createNumberedList, type Numbered, type NumberedList } from '../lists/numbered-list.ts';

/** A request that has ended, as it is shown. It holds no body, header or query. */
export interface RequestEntry extends Numbered {
  /** When it ended, by the world's clock. */
  readonly at: string;
  readonly operation: string;
  readonly method: string;
  /** As it was sent. */
  readonly path: string;
  /** The secret's. */
  readonly name: string | null;
  readonly user: string;
  /** Null: its client got no response, or not all of it. */
  readonly status: number | null;
  readonly error_code: string | null;
  /** The id of the fault that it met. */
  readonly fault: string | null;
  /** By the machine's clock. */
  readonly duration_ms: number;
  readonly request_id: string;
}

/** What the world was asked: authenticated requests by their ends. */
export interface RequestList extends NumberedList<RequestEntry> {
  /** When it began, by `performance.now()`: what was asked before, and ends later, is not in it. */
  beganMs(): number;
}

/** The members that a query can name. */
export const REQUEST_MEMBERS = [
  'seq',
  'operation',
  'method',
  'path',
  'name',
  'user',
  'status',
  'error_code',
  'fault',
  'request_id',
] as const satisfies readonly (keyof RequestEntry)[];

/** Creates an empty list. */
export function createRequestList(): RequestList {
  const list = createNumberedList<RequestEntry>();
  let beganMs = performance.now();
  return {
    ...list,
    beganMs: () => beganMs,
    restart() {
      beganMs = performance.now();
      list.restart();
    },
  };
}
