import { CROWD } from '../wire/limits.ts';

/**
 * Returns a function to call now and then with how many connections are open. It runs `gone` once each time that a crowd
 * has left.
 */
export function watchCrowd(gone: () => void): (open: number) => void {
  let isThere = false;
  return (open) => {
    if (open >= CROWD.from) isThere = true;
    if (!isThere || open > CROWD.goneAt) return;
    isThere = false;
    gone();
  };
}
