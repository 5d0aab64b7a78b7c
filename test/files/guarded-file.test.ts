import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileReader } from '../../src/files/file-reader.ts';
import { readGuarded } from '../../src/files/guarded-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csms-files-'));
  writeFileSync(join(folder, 'file'), 'content', { mode: 0o600 });
  symlinkSync('file', join(folder, 'link'));
  execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (name: string, bytesMax = 7) =>
  readGuarded({ path: join(folder, name), content: 'secret', bytesMax });

describe('a guarded file', () => {
  it.each(['file', 'link'])('is read whole: %s', (name) => {
    const { bytes, fault } = read(name);
    expect([bytes.toString(), fault]).toEqual(['content', undefined]);
  });

  it('is at most as large as it may be', () => {
    expect(() => read('file', 6)).toThrow(`${join(folder, 'file')} is too large: at most 6 bytes`);
  });

  it('is a file: a pipe and a device are not waited for, and have no end', () => {
    expect(() => read('pipe')).toThrow('is not a file');
    expect(() => read('.')).toThrow('is not a file');
    expect(() => readGuarded({ path: '/dev/zero', content: 'authority', bytesMax: 7 })).toThrow(
      'is not a file',
    );
  });

  it('is named when it cannot be read, with the reason', () => {
    expect(() => read('absent')).toThrow(`${join(folder, 'absent')} cannot be read (ENOENT)`);
  });
});

describe('a file that others can read', () => {
  const path = () => join(folder, 'open');
  beforeAll(() => {
    writeFileSync(path(), 'secret');
    chmodSync(path(), 0o644);
  });
  const request = () => ({ path: path(), content: 'secret', bytesMax: 100 }) as const;
  const message = () => `${path()} can be read by others: chmod 0600 it`;

  it('is refused by a strict reader', () => {
    const warned: string[] = [];
    const reader = createFileReader({ isStrict: true, warn: (text) => warned.push(text) });
    expect(() => reader.read(request())).toThrow(message());
    expect(warned).toEqual([]);
  });

  it('is read with one warning by another', () => {
    const warned: string[] = [];
    const reader = createFileReader({ isStrict: false, warn: (text) => warned.push(text) });
    expect([reader.read(request()).toString(), reader.read(request()).toString()]).toEqual([
      'secret',
      'secret',
    ]);
    expect(warned).toEqual([message()]);
  });
});
