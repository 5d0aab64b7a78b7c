/// <reference lib="esnext.disposable" preserve="true" />
import { createControl } from './control.ts';
import { startLocalServer } from './local-server.ts';
import type { Csms, CsmsAddress, CsmsOptions } from './types.ts';
import { findWorld } from './world.ts';

export { CsmsError, type CsmsRefusal } from './csms-error.ts';
export type * from './types.ts';

/**
 * Starts a server for tests, with nothing in it but the seed: a process of its own, with its data in a temporary directory,
 * that ends with the caller, however that ends. Throws CsmsError with the server's line when it refuses to start.
 */
export async function startCsms(options: CsmsOptions = {}): Promise<Csms> {
  const { stop, ...address } = await startLocalServer(options);
  try {
    return await connect(address, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The same for a server that runs elsewhere; `stop` leaves it running. Throws CsmsError: `unauthorized` for a wrong token;
 * Error when the server cannot be reached.
 */
export function connectCsms({ endpoint, controlToken }: CsmsAddress): Promise<Csms> {
  return connect({ endpoint, controlToken }, async () => undefined);
}

async function connect(address: CsmsAddress, stop: () => Promise<void>): Promise<Csms> {
  const control = createControl(address);
  return {
    ...(await findWorld(control, 'main')),
    ...address,
    world: (name) => findWorld(control, name),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
