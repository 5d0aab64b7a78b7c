/** After so many checks in a row without work, about a second apart, a thread that has just started is at rest. */
const LOOKS = 5;

/**
 * Returns a function to call about once a second with whether there is work. It runs `atRest` once, when there has been
 * none for a while: what a start leaves behind is then cleaned up while no request waits.
 */
export function watchStart(atRest: () => void): (isBusy: boolean) => void {
  let looks = 0;
  return (isBusy) => {
    if (looks === LOOKS) return;
    looks = isBusy ? 0 : looks + 1;
    if (looks === LOOKS) atRest();
  };
}
