/** What is true of a type of secret. */
export interface SecretTypeFacts {
  /** Whether a function gives it new values; such a secret needs a rotation_config. */
  readonly rotates: boolean;
  /** The services whose instances may have such secrets. */
  readonly services: readonly InstanceService[];
  /** The kind of database that a function for it has to know: named by the caller, or this one. */
  readonly engine?: 'given' | 'mysql';
}

/** The services that have instances. @see CSMS API, BatchDeleteSecrets, instance_type */
export const INSTANCE_SERVICES = ['RDS', 'TaurusDB', 'GaussDB', 'APIG'] as const;
export type InstanceService = (typeof INSTANCE_SERVICES)[number];

/** Every type of secret. @see CSMS API, object Secret, field secret_type */
export const SECRET_TYPES = Object.freeze({
  COMMON: { rotates: false, services: [] },
  'RDS-FG': { rotates: true, services: ['RDS'], engine: 'given' },
  // TaurusDB speaks MySQL's protocol.
  'GaussDB-FG': { rotates: true, services: ['TaurusDB', 'GaussDB'], engine: 'mysql' },
}) satisfies Readonly<Record<string, SecretTypeFacts>>;
export type SecretType = keyof typeof SECRET_TYPES;

/** The types that match, in the order of the table. */
export function secretTypesWith(is: (facts: SecretTypeFacts) => boolean): SecretType[] {
  return (Object.keys(SECRET_TYPES) as SecretType[]).filter((type) => is(SECRET_TYPES[type]));
}
