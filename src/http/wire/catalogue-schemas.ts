import { Type } from '@sinclair/typebox';
import { Nullable } from './schemas.ts';

const Self = Type.Object({ self: Type.String() });
const Links = Type.Object({
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
export const CatalogResponse = Type.Object({ catalog: Catalogue, links: Self }, { title: 'CatalogResponse' });

/** The services of the catalogue. */
export const ServicesResponse = Type.Object(
  {
    services: Type.Array(
      Type.Object({ ...Service, description: Type.String(), enabled: Type.Boolean(), links: Self }),
    ),
    links: Links,
  },
  { title: 'ServicesResponse' },
);

/** The endpoints of the catalogue. */
export const EndpointsResponse = Type.Object(
  {
    endpoints: Type.Array(
      Type.Object({ ...Endpoint, service_id: Type.String(), enabled: Type.Boolean(), links: Self }),
    ),
    links: Links,
  },
  { title: 'EndpointsResponse' },
);

/** The version document of the identity service. */
export const VersionResponse = Type.Object(
  {
    version: Type.Object({
      id: Type.String(),
      status: Type.String(),
      updated: Type.String(),
      links: Type.Array(Type.Object({ rel: Type.String(), href: Type.String() })),
      'media-types': Type.Array(Type.Object({ base: Type.String(), type: Type.String() })),
    }),
  },
  { title: 'VersionResponse' },
);
