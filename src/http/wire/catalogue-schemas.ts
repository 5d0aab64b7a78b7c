import { Type } from '@sinclair/typebox';
import { Nullable, Titled } from './schemas.ts';

const Self = Type.Object({ self: Type.String() });
/** Of a list: to itself, and to the pages beside it, of which there are none. */
export const Links = Type.Object({
  self: Type.String(),
  next: Nullable(Type.String()),
  previous: Nullable(Type.String()),
});
const Endpoint = {
  id: Type.String(),
  interface: Type.String(),
  region: Type.String(),
  region_id: Type.String(),
  url: Type.String(),
};
const Service = { id: Type.String(), name: Type.String(), type: Type.String() };

/** Services with their endpoints, as tokens hold them. */
export const Catalogue = Type.Array(
  Type.Object({ ...Service, endpoints: Type.Array(Type.Object(Endpoint)) }),
);

/** The catalogue by itself. */
export const CatalogResponse = Titled('CatalogResponse', { catalog: Catalogue, links: Self });

/** The services of the catalogue. */
export const ServicesResponse = Titled('ServicesResponse', {
  services: Type.Array(
    Type.Object({ ...Service, description: Type.String(), enabled: Type.Boolean(), links: Self }),
  ),
  links: Links,
});

/** The endpoints of the catalogue. */
export const EndpointsResponse = Titled('EndpointsResponse', {
  endpoints: Type.Array(
    Type.Object({ ...Endpoint, service_id: Type.String(), enabled: Type.Boolean(), links: Self }),
  ),
  links: Links,
});

/** The version document of the identity service. */
export const VersionResponse = Titled('VersionResponse', {
  version: Type.Object({
    id: Type.String(),
    status: Type.String(),
    updated: Type.String(),
    links: Type.Array(Type.Object({ rel: Type.String(), href: Type.String() })),
    'media-types': Type.Array(Type.Object({ base: Type.String(), type: Type.String() })),
  }),
});
