import type { Socket } from 'node:net';
import { addressGroup } from '../../core/identity/address-group.ts';
import { CONNECTIONS } from '../wire/limits.ts';
import { destroy, isUnused, mark, type PeerConnection, touch } from './connection.ts';
import type { IsTrustedProxy } from './trusted-proxies.ts';

/** The places for connections. */
export interface Places {
  /** Gives a new connection a place; undefined when all are in use. */
  admit(tcp: Socket): PeerConnection | undefined;
  leave(connection: PeerConnection): void;
  /** Every connection that has a place. */
  all(): readonly PeerConnection[];
  /** How many were closed to make room for others. */
  evicted(): number;
}

/**
 * Bounds connections. A new one beyond the limit of all, or of its address, replaces the one that has been unused for
 * longest; those that never carried valid credentials go first. When none is unused, it may ask about health on one of a
 * few reserved places. Trusted proxies carry many clients and have no limit of their own.
 * @see docs/adr/0026-connections.md
 */
export function createPlaces(isTrustedProxy: IsTrustedProxy, max: number = CONNECTIONS.max): Places {
  const ordinary = new Set<PeerConnection>();
  const reserved = new Set<PeerConnection>();
  const byAddress = new Map<string, Set<PeerConnection>>();
  let evicted = 0;

  function leave(connection: PeerConnection): void {
    reserved.delete(connection);
    if (!ordinary.delete(connection)) return;
    const own = byAddress.get(connection.address);
    own?.delete(connection);
    if (own?.size === 0) byAddress.delete(connection.address);
  }

  /** True when there is room among these, if need be after closing one of them. */
  function makeRoom(connections: ReadonlySet<PeerConnection>, max: number): boolean {
    if (connections.size < max) return true;
    const victim = longestUnused(connections);
    if (victim === undefined) return false;
    evicted += 1;
    leave(victim);
    destroy(victim);
    return true;
  }

  function findPlace(address: string, ownMax: number): Set<PeerConnection> | undefined {
    const own = byAddress.get(address) ?? new Set();
    if (makeRoom(own, ownMax) && makeRoom(ordinary, max)) return ordinary;
    const ownReserved = new Set([...reserved].filter((connection) => connection.address === address));
    const isFree =
      makeRoom(ownReserved, CONNECTIONS.reservePerAddressMax) && makeRoom(reserved, CONNECTIONS.reserveMax);
    return isFree ? reserved : undefined;
  }

  return {
    admit(tcp) {
      const from = tcp.remoteAddress ?? '';
      const isProxy = isTrustedProxy(from);
      const address = isProxy ? from : addressGroup(from);
      const place = findPlace(address, isProxy ? max : CONNECTIONS.perAddressMax);
      if (place === undefined) return undefined;
      const connection = createConnection(tcp, { address, isReserved: place === reserved });
      place.add(connection);
      if (place === ordinary) {
        const own = byAddress.get(address);
        if (own === undefined) byAddress.set(address, new Set([connection]));
        else own.add(connection);
      }
      return connection;
    },
    leave,
    all: () => [...ordinary, ...reserved],
    evicted: () => evicted,
  };
}

function createConnection(
  tcp: Socket,
  { address, isReserved }: Pick<PeerConnection, 'address' | 'isReserved'>,
): PeerConnection {
  const connection: PeerConnection = {
    tcp,
    socket: tcp,
    address,
    isReserved,
    certificate: undefined,
    isOutdated: false,
    isKnown: false,
    current: undefined,
    waiting: [],
    order: 0,
    taken: 0,
    looks: 0,
  };
  touch(connection);
  mark(tcp, connection);
  return connection;
}

/** Searched only when there is no room, so that requests need not maintain an order. */
function longestUnused(connections: Iterable<PeerConnection>): PeerConnection | undefined {
  let found: PeerConnection | undefined;
  for (const connection of connections) {
    if (!isUnused(connection)) continue;
    if (found === undefined || goesBefore(connection, found)) found = connection;
  }
  return found;
}

function goesBefore(one: PeerConnection, other: PeerConnection): boolean {
  return one.isKnown === other.isKnown ? one.order < other.order : other.isKnown;
}
