import { afterEach } from 'vitest';
import { endAll } from './process.ts';

// A set-up file and no line of process.ts: a worker reads that once, and runs many files of tests.
afterEach(endAll);
