import { hash } from 'node:crypto';

/** The server's address and region. */
export interface CatalogueSite {
  /** `scheme://host[:port]` */
  readonly baseUrl: string;
  readonly region: string;
}

/** The identity service is listed twice: the cloud calls its type `iam`, OpenStack clients look for `identity`. */
const SERVICES = [
  { type: 'kms', name: 'kms', path: '/v1.0', isGlobal: false },
  { type: 'csms', name: 'csms', path: '/v1', isGlobal: false },
  { type: 'iam', name: 'iam', path: '/v3', isGlobal: true },
  { type: 'identity', name: 'keystone', path: '/v3', isGlobal: true },
] as const;

/** The services of this server, as tokens name them. */
export function catalogOf({ baseUrl, region }: CatalogueSite) {
  return SERVICES.map(({ name, type, path, isGlobal }) => {
    const where = isGlobal ? '*' : region;
    const location = {
      interface: 'public' as const,
      region: where,
      region_id: where,
      url: `${baseUrl}${path}`,
    };
    const endpoint = { id: stableId(`endpoint ${type}`), ...location };
    return { id: stableId(`service ${type}`), name, type, endpoints: [endpoint] };
  });
}

/** The body of GET /v3/auth/catalog. */
export function catalogBody(site: CatalogueSite) {
  return { catalog: catalogOf(site), links: { self: `${site.baseUrl}/v3/auth/catalog` } };
}

/** The body of GET /v3/services: all, or those of one type. */
export function servicesBody(site: CatalogueSite, wanted: { readonly type?: string | undefined }) {
  const self = `${site.baseUrl}/v3/services`;
  const services = catalogOf(site)
    .filter(({ type }) => (wanted.type ?? type) === type)
    .map(({ endpoints: _, ...service }) => ({
      ...service,
      description: '',
      enabled: true as const,
      links: { self: `${self}/${service.id}` },
    }));
  return { services, links: { self, next: null, previous: null } };
}

/** The body of GET /v3/endpoints: all, or those that match. */
export function endpointsBody(
  site: CatalogueSite,
  wanted: { readonly interface?: string | undefined; readonly service_id?: string | undefined },
) {
  const self = `${site.baseUrl}/v3/endpoints`;
  const endpoints = catalogOf(site)
    .filter(({ id }) => (wanted.service_id ?? id) === id)
    .flatMap((service) => service.endpoints.map((endpoint) => ({ ...endpoint, service_id: service.id })))
    .filter((endpoint) => (wanted.interface ?? endpoint.interface) === endpoint.interface)
    .map((endpoint) => ({ ...endpoint, enabled: true as const, links: { self: `${self}/${endpoint.id}` } }));
  return { endpoints, links: { self, next: null, previous: null } };
}

/** The body of GET /v3, from which clients learn that this is version 3. */
export function versionBody(baseUrl: string) {
  return {
    version: {
      id: 'v3.6',
      status: 'stable',
      updated: '2016-04-04T00:00:00Z',
      links: [{ rel: 'self', href: `${baseUrl}/v3/` }],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
    },
  };
}

/** 32 hex digits that are the same in all installations. */
function stableId(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}
