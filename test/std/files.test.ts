import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFile, replaceFile } from '../../src/std/files.ts';
import { createScratch } from '../e2e/process.ts';

describe('a private file', () => {
  it('is made where none is, and never written over', () => {
    const path = join(createScratch(), 'key');
    createFile(path, 'one');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => createFile(path, 'two')).toThrow('EEXIST');
    expect(readFileSync(path, 'utf8')).toBe('one');
  });

  it('takes the place of another in one step, whatever an earlier try has left', () => {
    const folder = createScratch();
    const [path, elsewhere] = [join(folder, 'identities'), join(folder, 'elsewhere')];
    writeFileSync(path, 'one', { mode: 0o644 });
    writeFileSync(elsewhere, 'kept');
    symlinkSync(elsewhere, `${path}.new`);
    replaceFile(path, 'two');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['two', 0o600]);
    expect([readFileSync(elsewhere, 'utf8'), existsSync(`${path}.new`)]).toEqual(['kept', false]);
  });
});
