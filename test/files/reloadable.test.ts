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

/** Reads `main`, which says `one`. */
function openOne(): Reloadable {
  write('main', 'one');
  return open();
}

/** Two looks, which a change needs to take effect; what the second says. */
async function lookTwice(things: Reloadable): Promise<boolean> {
  expect(await things.poll()).toBe(false);
  return things.poll();
}

describe('what is read from files', () => {
  it('is read once, and not again while nothing changes', async () => {
    write('main', 'one');
    const things = open(() => Date.now() + 60_000);
    for (let look = 0; look < 5; look += 1) expect(await things.poll()).toBe(false);
    expect(adopted).toEqual(['one']);
    // The first look has nothing to compare the times with.
    expect(reads).toBe(2);
  });

  it('is checked as a whole as long as it may change again before its times do', async () => {
    const things = openOne();
    for (let look = 0; look < 3; look += 1) expect(await things.poll()).toBe(false);
    expect([adopted, reads]).toEqual([['one'], 4]);
  });

  it('is read again when the content has changed, at the second look that finds it', async () => {
    const things = openOne();
    write('main', 'two!');
    expect(await lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['one', 'two!']);
    expect(await lookTwice(things)).toBe(false);
  });

  it('is not read while someone keeps writing', async () => {
    const things = openOne();
    for (const text of ['two', 'two and', 'two and more']) {
      write('main', text);
      expect(await things.poll()).toBe(false);
    }
    expect(await things.poll()).toBe(true);
    expect(adopted).toEqual(['one', 'two and more']);
  });

  it('is not read again for another time with the same content', async () => {
    const things = openOne();
    write('new', 'one');
    renameSync(at('new'), at('main'));
    expect(await lookTwice(things)).toBe(false);
    expect(adopted).toEqual(['one']);
  });

  it('is read again when a link is exchanged, as Kubernetes does', async () => {
    for (const name of ['first', 'second']) {
      mkdirSync(at(name));
      write(`${name}/main`, name);
    }
    symlinkSync('first', at('live'));
    symlinkSync('live/main', at('main'));
    const things = open();
    symlinkSync('second', at('next'));
    renameSync(at('next'), at('live'));
    expect(await lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['first', 'second']);
  });

  it('is read again when a file that it points to has changed', async () => {
    write('main', 'see key');
    write('key', 'old');
    const things = open();
    write('key', 'newer');
    expect(await lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['old', 'newer']);
  });
});

describe('a content that is refused', () => {
  it('is reported once and not at every look, and the former one stays', async () => {
    const things = openOne();
    write('main', 'bad');
    await things.poll();
    await expect(things.poll()).rejects.toThrow('refused: bad');
    for (let look = 0; look < 3; look += 1) expect(await things.poll()).toBe(false);
    expect(adopted).toEqual(['one']);
  });

  it('is reported again when it is another one, and is over when it is mended', async () => {
    const things = openOne();
    write('main', 'bad');
    await things.poll();
    await expect(things.poll()).rejects.toThrow('refused: bad');
    write('main', 'bad still');
    await things.poll();
    await expect(things.poll()).rejects.toThrow('refused: bad still');
    write('main', 'three');
    expect(await lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['one', 'three']);
  });

  it('is tried again when a file that it missed is there', async () => {
    const things = openOne();
    write('main', 'see key');
    await things.poll();
    await expect(things.poll()).rejects.toThrow(/key cannot be read \(ENOENT\)/);
    expect(await things.poll()).toBe(false);
    write('key', 'there');
    expect(await lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['one', 'there']);
  });

  it('may be one that others can read, and is tried again after chmod', async () => {
    const things = openOne();
    write('main', 'two');
    chmodSync(at('main'), 0o644);
    await things.poll();
    await expect(things.poll()).rejects.toThrow(/can be read by others/);
    expect(await things.poll()).toBe(false);
    chmodSync(at('main'), 0o600);
    expect(await lookTwice(things)).toBe(true);
    expect(adopted).toEqual(['one', 'two']);
  });
});

describe('reload', () => {
  it('reads at once, and in any case', async () => {
    const things = openOne();
    await things.reload();
    write('main', 'two');
    await things.reload();
    expect(adopted).toEqual(['one', 'one', 'two']);
    expect(await lookTwice(things)).toBe(false);
  });

  it('throws what loading throws, and the looks do not say it again', async () => {
    const things = openOne();
    write('main', 'bad');
    await expect(things.reload()).rejects.toThrow('refused: bad');
    expect(await lookTwice(things)).toBe(false);
  });

  it('that nobody has begun is one for all who ask', async () => {
    const things = openOne();
    const first = things.reload();
    await Promise.all([first, things.reload(), things.reload()]);
    expect(adopted).toEqual(['one', 'one']);
    write('main', 'two');
    await things.reload();
    expect(adopted).toEqual(['one', 'one', 'two']);
  });
});

describe('a reading beside this thread', () => {
  /** One whose later readings end when the test says so. */
  function openSlow() {
    write('main', 'one');
    const begun: ((error?: Error) => void)[] = [];
    const reader = createFileReader({ isStrict: true, warn: () => undefined });
    const request = { path: at('main'), content: 'secret', bytesMax: 100 } as const;
    const things = createReloadable({
      name: 'things',
      reader,
      load: (files) => void files.read(request),
      loadAside: () =>
        new Promise((resolve) => {
          const seen = new Map([[request.path, { request, digest: '' }]]);
          begun.push((error) => resolve({ seen, ...(error && { error }) }));
        }),
    });
    const untilBegun = (count: number) => expect.poll(() => begun.length).toBe(count);
    return { things, begun, untilBegun };
  }

  it('is followed by one that was asked for meanwhile: the file may have changed since it was read', async () => {
    const { things, begun, untilBegun } = openSlow();
    const first = things.reload();
    await untilBegun(1);
    const second = things.reload();
    expect(things.reload()).toBe(second);
    expect(begun).toHaveLength(1);
    begun[0]?.();
    await first;
    await untilBegun(2);
    begun[1]?.();
    await second;
    expect(begun).toHaveLength(2);
  });

  it('keeps looks from being taken, and work that must not overlap with it', async () => {
    const { things, begun, untilBegun } = openSlow();
    const reading = things.reload();
    await untilBegun(1);
    expect(await things.poll()).toBe(false);
    const order: string[] = [];
    const work = things.exclusively(async () => void order.push('work'));
    void reading.then(() => order.push('read'));
    begun[0]?.();
    await work;
    expect(order).toEqual(['read', 'work']);
  });

  it('that fails leaves the next one its turn', async () => {
    const { things, begun, untilBegun } = openSlow();
    const reading = things.reload();
    await untilBegun(1);
    const next = things.reload();
    begun[0]?.(new Error('refused'));
    await expect(reading).rejects.toThrow('refused');
    await untilBegun(2);
    begun[1]?.();
    await next;
  });
});
