import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect } from 'vitest';
import { recordedTests, setCurrentTest } from '../support/recorder.ts';
import { HTTP_RESULTS, resultsName } from './results.ts';

// A set-up file of vitest when RECORD_OPERATIONS is set: writes one JSON file for each file of tests that calls operations.
beforeEach(({ task }) => {
  setCurrentTest(task.fullName);
  return () => setCurrentTest(undefined);
});

afterAll(() => {
  const tests = recordedTests();
  const { testPath } = expect.getState();
  if (testPath === undefined || Object.keys(tests).length === 0) return;
  mkdirSync(HTTP_RESULTS, { recursive: true });
  writeFileSync(join(HTTP_RESULTS, resultsName(testPath)), JSON.stringify(tests, undefined, 1));
});
