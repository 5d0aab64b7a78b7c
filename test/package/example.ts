/** The examples of docs/testing.md, and mistakes in them that a compiler must find. */
export const TYPED_EXAMPLE = `
import { connectCsms, type Csms, CsmsError, type CsmsWorld, startCsms } from 'csms-server/testing';

const seed = { csms: 1, secrets: [{ name: 'one', secret_string: 'x' }] };

export async function example(): Promise<void> {
  const csms: Csms = await startCsms({ seed: 'test/seed.yaml', port: 0, env: { CSMS_REGION: 'local-1' } });
  await using other = await connectCsms({ endpoint: csms.endpoint, controlToken: csms.controlToken });
  await using world: CsmsWorld = await csms.fork({ name: 'w1', ttl: '1h', credentials: { ak: 'AK' } });
  const { fired, settled } = await world.clock.advance('30d');
  const names: string[] = fired.map(({ name }) => name);
  await world.clock.set(new Date(0));
  const time: string = await world.clock.now();
  const { id } = await world.faults.add({ operation: 'ListSecrets', status: 429, when: 'after' });
  await world.faults.remove(id);
  const [request] = await world.requests({ operation: 'ListSecrets', wait: '5s', count: 1 });
  const status: number | null | undefined = request?.status;
  const [told] = await world.notifications({ event_type: 'SECRET_ROTATED' });
  await world.quota({ profile: 'huawei' });
  await world.quota({ secrets: 5, 'requests-per-second': 1 });
  await world.hooks({});
  const counts = await world.seed.apply(seed);
  const text: string = await world.seed.export();
  await (await csms.world('w1')).reset();
  try {
    await startCsms({ seed });
  } catch (error) {
    if (error instanceof CsmsError && error.status === 404 && error.code === 'not-found') throw error;
  }
  void [settled, names, time, status, told?.message, counts.created, text, other.name, world.env.CSMS_ENDPOINT];
  await csms.stop();
}

export async function mistakes(csms: Csms): Promise<void> {
  // @ts-expect-error: a number of days is no duration.
  await csms.clock.advance(30);
  // @ts-expect-error: a misspelt member.
  await csms.faults.add({ operations: 'ListSecrets', status: 429 });
  // @ts-expect-error: a token is missing.
  await connectCsms({ endpoint: csms.endpoint });
  // @ts-expect-error: nothing may be written.
  csms.name = 'other';
}
`;

/** A test that starts a server, as \`import\` and \`require\` write it; prints what it found. */
export const STARTING_EXAMPLE = `
async function example({ startCsms, CsmsError }) {
  const csms = await startCsms({ seed: { csms: 1, secrets: [{ name: 'one', secret_string: 'x' }] } });
  const world = await csms.fork();
  const { now } = await world.clock.advance('1d');
  const error = await csms.world('none').catch((reason) => reason);
  await world.delete();
  await csms.stop();
  console.log(typeof now, error instanceof CsmsError, error.code);
}
`;
