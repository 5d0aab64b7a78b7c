/** What is made when it is first needed. */
export interface OnDemand<T> {
  /** Made at the first call, and again at the next one while that fails. Rejects with what making it rejects with. */
  get(): Promise<T>;
  /** What has been made, or is being made; undefined when there is nothing, or when it failed. */
  present(): Promise<T | undefined>;
}

/** Puts making it off until it is needed. */
export function onDemand<T>(make: () => Promise<T>): OnDemand<T> {
  let made: Promise<T> | undefined;
  return {
    get() {
      made ??= make().catch((error: unknown) => {
        made = undefined;
        throw error;
      });
      return made;
    },
    present: async () => made?.catch(() => undefined),
  };
}
