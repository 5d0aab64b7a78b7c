// The accounts of a stand-in database, in a file that the test reads too: name -> password.
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.env.ACCOUNTS_FILE ?? '';
const read = () => new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8'))));

/** True for the present password. */
export function accepts(name, password) {
  return read().get(name) === password;
}

/** Lets an account change its own password, and the administrator every one that there is. */
export function alter(caller, name, password) {
  const accounts = read();
  if (!accounts.has(name) || (caller !== 'dba' && caller !== name)) throw new Error('not allowed');
  accounts.set(name, password);
  writeFileSync(file, JSON.stringify(Object.fromEntries(accounts)));
}

/** An error as drivers throw it: with a code, and with more in its text than anybody should see. */
export function refusal(code, password) {
  return Object.assign(new Error(`refused: ${password}`), { code });
}
