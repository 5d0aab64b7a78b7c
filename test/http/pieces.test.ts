import { expect, it } from 'vitest';
import { sendPieces, textsOf } from '../../src/http/pieces.ts';

/** The text that is sent, and the most characters that were made between two pauses. */
async function sent(entries: readonly object[]) {
  let text = '';
  let [made, most] = [0, 0];
  const reply = { type: () => reply, send: (bytes: Buffer) => (text = bytes.toString()) };
  const pause = () => {
    made = 0;
    return undefined;
  };
  function* counted() {
    for (const piece of textsOf(entries, (entry) => entry)) {
      made += piece.length;
      most = Math.max(most, made);
      yield piece;
    }
  }
  await sendPieces(reply as never, pause, { before: '{"all":[', texts: counted(), after: ']}' });
  return { text, most };
}

it.each([0, 1, 3, 20_000])('a list of %d entries is the JSON of all of them', async (count) => {
  const all = Array.from({ length: count }, (_, number) => ({ number, text: 'ü' }));
  expect((await sent(all)).text).toBe(JSON.stringify({ all }));
});

it('a long list is made some tens of KiB at a time, however long its entries are', async () => {
  const long = Array.from({ length: 100 }, () => ({ text: 'x'.repeat(50_000) }));
  expect((await sent(long)).most).toBeLessThan(65_536 + 60_000);
});
