import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PeerConnection, Response } from '../../../src/http/connections/connection.ts';
import { createPlaces, type Places } from '../../../src/http/connections/places.ts';
import { CONNECTIONS } from '../../../src/http/wire/limits.ts';

const PROXY = '10.0.0.1';
let places: Places;
beforeEach(() => {
  places = createPlaces((address) => address === PROXY);
});

function admit(address: string): PeerConnection | undefined {
  const tcp = Object.assign(new EventEmitter(), { remoteAddress: address, destroyed: false, destroy });
  return places.admit(tcp as unknown as Socket);
}

function destroy(this: { destroyed: boolean }): void {
  this.destroyed = true;
}

/** Admits connections, each at work; every address has at most as many as it may have. */
function fill(count: number, isComplete = true): PeerConnection[] {
  return Array.from({ length: count }, (_, index) => {
    const connection = admit(`10.1.0.${Math.floor(index / CONNECTIONS.perAddressMax)}`)!;
    work(connection, isComplete);
    return connection;
  });
}

function work(connection: PeerConnection, isComplete = true): void {
  connection.current = { req: { complete: isComplete } } as unknown as Response;
}

const gone = ({ tcp }: PeerConnection) => tcp.destroyed;

describe('a connection beyond the limit of its address', () => {
  it('takes the place of the one that has been unused for longest', () => {
    const all = Array.from({ length: CONNECTIONS.perAddressMax }, () => admit('10.1.0.1')!);
    work(all[0]!);
    expect(all.filter(gone)).toEqual([]);
    expect(admit('10.1.0.1')).toMatchObject({ isReserved: false });
    expect(all.map(gone).indexOf(true)).toBe(1);
    expect(places.all()).toHaveLength(CONNECTIONS.perAddressMax);
    expect(places.evicted()).toBe(1);
  });

  it('takes no place from another address', () => {
    const other = admit('10.1.0.2')!;
    for (let count = 0; count < CONNECTIONS.perAddressMax; count += 1) work(admit('10.1.0.1')!);
    expect(admit('10.1.0.1')).toMatchObject({ isReserved: true });
    expect(gone(other)).toBe(false);
  });

  it('counts with those of its /64 network, where it is an IPv6 address', () => {
    const of = (network: string, host: number) => `2001:db8:0:${network}::${host.toString(16)}`;
    const other = admit(of('2', 1))!;
    for (let host = 1; host <= CONNECTIONS.perAddressMax; host += 1) work(admit(of('1', host))!);
    expect(admit(of('1', 60_000))).toMatchObject({ isReserved: true });
    expect(admit(of('2', 2))).toMatchObject({ isReserved: false });
    expect(gone(other)).toBe(false);
  });

  it('is none of a trusted proxy, though both are in one network', () => {
    places = createPlaces((address) => address === '2001:db8::1');
    for (let count = 0; count < CONNECTIONS.perAddressMax; count += 1) work(admit('2001:db8::1')!);
    expect(admit('2001:db8::2')).toMatchObject({ isReserved: false });
    expect(admit('2001:db8::1')).toMatchObject({ isReserved: false });
  });

  it('that is a trusted proxy has the limit of all', () => {
    for (let count = 0; count < CONNECTIONS.max; count += 1) work(admit(PROXY)!);
    expect(places.all().some(({ isReserved }) => isReserved)).toBe(false);
    expect(admit(PROXY)).toMatchObject({ isReserved: true });
  });
});

describe('a connection beyond the limit of all', () => {
  it('takes the place of one that never had good credentials before that of one that had', () => {
    const [known, unknown] = fill(CONNECTIONS.max);
    known!.current = undefined;
    known!.isKnown = true;
    unknown!.current = undefined;
    admit('10.2.0.1');
    expect([gone(known!), gone(unknown!)]).toEqual([false, true]);
  });

  it('takes the place of one whose request is still being sent', () => {
    const all = fill(CONNECTIONS.max, false);
    expect(admit('10.2.0.1')).toMatchObject({ isReserved: false });
    expect(all.map(gone).indexOf(true)).toBe(0);
  });

  it('gets a place in reserve while all are at work, a few for each address', () => {
    fill(CONNECTIONS.max);
    const own = Array.from({ length: CONNECTIONS.reservePerAddressMax }, () => admit('10.2.0.1')!);
    expect(own.every(({ isReserved }) => isReserved)).toBe(true);
    // The longest unused of its own makes room.
    expect(admit('10.2.0.1')).toMatchObject({ isReserved: true });
    expect(own.map(gone).indexOf(true)).toBe(0);
    expect(places.all()).toHaveLength(CONNECTIONS.max + CONNECTIONS.reservePerAddressMax);
  });

  it('is refused when the reserve is at work too', () => {
    fill(CONNECTIONS.max);
    for (let count = 0; count < CONNECTIONS.reserveMax; count += 1) {
      work(admit(`10.2.0.${Math.floor(count / CONNECTIONS.reservePerAddressMax)}`)!);
    }
    expect(admit('10.3.0.1')).toBeUndefined();
  });

  it('finds the place of one that has left', () => {
    const [first] = fill(CONNECTIONS.max);
    places.leave(first!);
    places.leave(first!);
    expect(admit('10.2.0.1')).toMatchObject({ isReserved: false });
    expect(places.evicted()).toBe(0);
  });
});
