import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileReader, type FileReader } from '../../src/files/file-reader.ts';
import { createReloadable, type Reloadable } from '../../src/files/reloadable.ts';

let folder: string;
let adopted: string[];
/** How often a file was read, whatever for. */
let reads: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csms-reload-'));
  adopted = [];
  reads = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const write = (name: string, text: string) => writeFileSync(at(name), text, { mode: 0o600 });

/** Reads `main`, which names another file or is text by itself; what begins with `bad` is refused. */
function open(nowMs = Date.now): Reloadable {
  const strict = createFileReader({ isStrict: true, warn: () => undefined });
  const reader: FileReader = {
    read(request) {
      reads += 1;
      return strict.read(request);
    },
  };
  return createReloadable({
    name: 'things',
    reader,
    nowMs,
    load(files) {
      const text = (name: string) =>
        files.read({ path: at(name), content: 'secret', bytesMax: 100 }).toString();
      const main = text('main');
      if (main.startsWith('bad')) throw new Error(`refused: ${main}`);
      adopted.push(main.startsWith('see ') ? text(main.slice(4)) : main);
    },
  });
}

/** Two looks, which a change needs to be taken up; what the second says. */
function lookTwice(things: Reloadable): boolean {
  expect(things.poll()).toBe(false);
  return things.poll();
}

describe('what is read from files', () => {
  it('is read once, and not again while nothing changes', () => {
    write('main', 'one');
    const things = open(() => Date.now() + 60_000);
    for (let look = 0; look < 5; look += 1) expect(things.poll()).toBe(false);
    expect(adopted).toEqual(['one']);
    // The first look has nothing to compare the times with.
    expect(reads).toBe(2);
  });

  it('is looked at as a whole as long as it may change again before its times do', () => {
    write('main', 'one');
    const things = open();
    for (let look = 0; look < 3; look += 1) expect(things.poll()).toBe(false);
    expect([adopted, reads]).toEqual([['one'], 4]);
  });

  it('is read again when the content has changed, at the second look that finds it', () => {
    write('main', 'one');
    const things = open();
    write('main', 'two!');
    expect(lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['one', 'two!']);
    expect(lookTwice(things)).toBe(false);
  });

  it('is not read while somebody goes on writing', () => {
    write('main', 'one');
    const things = open();
    for (const text of ['two', 'two and', 'two and more']) {
      write('main', text);
      expect(things.poll()).toBe(false);
    }
    expect(things.poll()).toBe(true);
    expect(adopted).toEqual(['one', 'two and more']);
  });

  it('is not read again for another time with the same content', () => {
    write('main', 'one');
    const things = open();
    write('new', 'one');
    renameSync(at('new'), at('main'));
    expect(lookTwice(things)).toBe(false);
    expect(adopted).toEqual(['one']);
  });

  it('is read again when a link is exchanged, as Kubernetes does', () => {
    for (const name of ['first', 'second']) {
      mkdirSync(at(name));
      write(`${name}/main`, name);
    }
    symlinkSync('first', at('live'));
    symlinkSync('live/main', at('main'));
    const things = open();
    symlinkSync('second', at('next'));
    renameSync(at('next'), at('live'));
    expect(lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['first', 'second']);
  });

  it('is read again when a file that it points to has changed', () => {
    write('main', 'see key');
    write('key', 'old');
    const things = open();
    write('key', 'newer');
    expect(lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['old', 'newer']);
  });
});

describe('a content that is refused', () => {
  it('is told once and not at every look, and the former one stays', () => {
    write('main', 'one');
    const things = open();
    write('main', 'bad');
    things.poll();
    expect(() => things.poll()).toThrow('refused: bad');
    for (let look = 0; look < 3; look += 1) expect(things.poll()).toBe(false);
    expect(adopted).toEqual(['one']);
  });

  it('is told again when it is another one, and is over when it is mended', () => {
    write('main', 'one');
    const things = open();
    write('main', 'bad');
    things.poll();
    expect(() => things.poll()).toThrow('refused: bad');
    write('main', 'bad still');
    things.poll();
    expect(() => things.poll()).toThrow('refused: bad still');
    write('main', 'three');
    expect(lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['one', 'three']);
  });

  it('is tried again when a file that it missed is there', () => {
    write('main', 'one');
    const things = open();
    write('main', 'see key');
    things.poll();
    expect(() => things.poll()).toThrow(/key cannot be read \(ENOENT\)/);
    expect(things.poll()).toBe(false);
    write('key', 'there');
    expect(lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['one', 'there']);
  });

  it('may be one that others can read, and is tried again after chmod', () => {
    write('main', 'one');
    const things = open();
    write('main', 'two');
    chmodSync(at('main'), 0o644);
    things.poll();
    expect(() => things.poll()).toThrow(/can be read by others/);
    expect(things.poll()).toBe(false);
    chmodSync(at('main'), 0o600);
    expect(lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['one', 'two']);
  });
});

describe('reload', () => {
  it('reads at once, and in any case', () => {
    write('main', 'one');
    const things = open();
    things.reload();
    write('main', 'two');
    things.reload();
    expect(adopted).toEqual(['one', 'one', 'two']);
    expect(lookTwice(things)).toBe(false);
  });

  it('throws what loading throws, and the looks do not say it again', () => {
    write('main', 'one');
    const things = open();
    write('main', 'bad');
    expect(() => things.reload()).toThrow('refused: bad');
    expect(lookTwice(things)).toBe(false);
  });
});
