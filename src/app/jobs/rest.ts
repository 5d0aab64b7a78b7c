/** After so many looks in a row without work, about a second apart, a thread that has just started is at rest. */
const LOOKS = 5;

/**
 * Makes what is told, about once a second, whether there is work, and runs `atRest` once, the first time that there has been none
 * for a while: what a start leaves behind is then cleared away while nobody waits.
 */
export function watchStart(atRest: () => void): (isBusy: boolean) => void {
  let looks = 0;
  return (isBusy) => {
    if (looks === LOOKS) return;
    looks = isBusy ? 0 : looks + 1;
    if (looks === LOOKS) atRest();
  };
}
