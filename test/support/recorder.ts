/**
 * Which test called which operation, kept only while a test runs. The file test/matrix/record.ts fills it and writes it
 * out; without that, nothing is kept.
 */
const testsOf = new Map<string, Set<string>>();
let currentTest: string | undefined;

/** Says which test the following calls belong to; undefined: none, so that they are not kept. */
export function setCurrentTest(name: string | undefined): void {
  currentTest = name;
}

/** Notes that the current test has had an answer of the operation, a refusal too. */
export function recordOperation(operationId: string): void {
  if (currentTest === undefined) return;
  const tests = testsOf.get(operationId) ?? new Set();
  testsOf.set(operationId, tests.add(currentTest));
}

/** Operation id -> names of the tests that called it since this was asked last, both sorted. */
export function recordedTests(): Record<string, string[]> {
  const entries = [...testsOf].map(([operationId, tests]) => [operationId, [...tests].sort()] as const);
  testsOf.clear();
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
