/** How many cases are generated in all; the gate takes 100,000. */
export const CASES = Number(process.env.POLICY_CASES ?? 4_000);
/** `POLICY_SEED` repeats a run. */
export const SEED = Number(process.env.POLICY_SEED ?? Date.now() % 2 ** 31);

/** For so many of them. */
export const parameters = (share: number) => ({ numRuns: Math.ceil(CASES * share), seed: SEED });

/** Ends a test that hangs: the cases of the gate take minutes where others use the machine. */
export const TIMEOUT_MS = 600_000;
