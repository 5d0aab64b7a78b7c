/** Characters that are put in, left out or exchanged. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [at, character] of Array.from(one).entries()) {
    const next = [at + 1];
    for (let index = 1; index <= other.length; index += 1) {
      const exchanged = (row[index - 1] ?? 0) + (character === other[index - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

/** The text that takes the fewest changes of characters to make it of the wanted one; the first of several. Undefined when there are none. */
export function nearestText(wanted: string, texts: Iterable<string>): string | undefined {
  let best: { readonly text: string; readonly distance: number } | undefined;
  for (const text of texts) {
    const distance = editDistance(wanted, text);
    if (best === undefined || distance < best.distance) best = { text, distance };
  }
  return best?.text;
}
