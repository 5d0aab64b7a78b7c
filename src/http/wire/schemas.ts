import { type ObjectOptions, type Static, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import { PAGE, TIME_MS_MAX } from '../../core/limits.ts';
import { EVENT_NAME_PATTERN, SECRET_NAME_PATTERN, STAGE_NAME_PATTERN } from '../../core/names.ts';
import { secretTypesWith } from '../../core/secrets/types.ts';

/** A field that may be null: `type: [<type>, "null"]`, which OpenAPI 3.1 and every JSON Schema reader know. */
export function Nullable<T extends TSchema>(schema: T) {
  const values: unknown = schema.enum;
  return Type.Unsafe<Static<T> | null>({
    ...schema,
    type: [schema.type, 'null'].flat(),
    ...(Array.isArray(values) && { enum: [...values, null] }),
  });
}

/** An optional input field; null counts as absent. */
export function Omissible<T extends TSchema>(schema: T) {
  return Type.Optional(Nullable(schema));
}

/** An object with a title: the name of its type for client generators. */
export function Titled<T extends TProperties>(title: string, fields: T, options: ObjectOptions = {}) {
  return Type.Object(fields, { title, ...options });
}

/** One of several words. */
export function OneOf<const T extends string>(words: readonly T[], description?: string) {
  return Type.Unsafe<T>({
    type: 'string',
    enum: [...words],
    ...(description !== undefined && { description }),
  });
}

/** Epoch milliseconds on the wire. */
export const TimeMs = Type.Integer({
  minimum: 0,
  maximum: TIME_MS_MAX,
  format: 'int64',
  description: 'Epoch milliseconds',
});

/** A secret’s name in a path or a body. */
export const SecretName = Type.String({ pattern: SECRET_NAME_PATTERN, description: 'Name of the secret' });
/** A stage’s name in a path or a body. */
export const StageName = Type.String({ pattern: STAGE_NAME_PATTERN, description: 'Name of the stage' });
/** An event’s name in a path or a body. */
export const EventName = Type.String({ pattern: EVENT_NAME_PATTERN, description: 'Name of the event' });
/** A key's name: its id (a UUID when the server made it, anything of this shape otherwise), an alias, or its URN. */
export const KmsKeyId = Type.String({
  pattern:
    '^(?:[a-zA-Z0-9_-]{2,64}|(?:alias/|kms:[a-z0-9-]{1,64}:[a-zA-Z0-9-]{1,64}:alias:)[a-zA-Z0-9:/_-]{1,255})$',
  description: 'Id of the KMS key, alias/<alias>, or the URN of an alias',
});

/** The type of a secret. */
export const SecretTypeName = OneOf(secretTypesWith(() => true));
/** The types of secret that are rotated by a function. */
export const RotatedType = OneOf(
  secretTypesWith(({ rotates }) => rotates),
  'Type of the secrets',
);

/** A caller’s own serial number of a request; it has no effect. */
export const Sequence = Type.String({
  maxLength: 36,
  description: 'Serial number of the request; no effect',
});

/** A project in a path. */
export const ProjectId = Type.String({ description: 'Project id' });

/** The query parameter that both lists share. */
export const ListQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: PAGE.min,
      maximum: PAGE.max,
      default: PAGE.default,
      description: 'Entries per page',
    }),
  ),
};

/** The beginning of a page and how to get the next. @see CSMS API, object PageInfo */
export const PageInfo = Titled('PageInfo', {
  next_marker: Nullable(Type.String({ description: 'Marker of the next page; null at the end' })),
  previous_marker: Nullable(Type.String({ description: 'First entry of this page' })),
  current_count: Type.Integer({ description: 'Entries on this page' }),
});

/** The body of every error of the service; the gateway's also repeat the request id. */
export const ErrorBody = Titled('Error', {
  error_code: Type.String({ minLength: 8, maxLength: 36 }),
  error_msg: Type.String({ minLength: 2 }),
  request_id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
});

/** The body of every error of the families that nest it; repeated at the top for clients that look only there. */
export const NestedErrorBody = Titled('NestedError', {
  error: Type.Object({
    ...ErrorBody.properties,
    code: Type.String({ description: 'The error_code, where one client looks for it' }),
    message: Type.String({ description: 'The error_msg, where one client looks for it' }),
  }),
  ...ErrorBody.properties,
});

/** An empty response: one client decodes JSON from every response except a 204. */
export const Nothing = Titled('Nothing', {}, { description: 'An empty object' });

/** A response without a body, for a 204: send undefined, since null would be sent as JSON. */
export const NoBody = Type.Unsafe<undefined>({ type: 'null', description: 'No body' });

/** `page_info` of one page of wire entries, whose markers are in `key`. */
export function pageInfo(markers: readonly string[], hasMore: boolean): Static<typeof PageInfo> {
  return {
    next_marker: hasMore ? (markers.at(-1) ?? null) : null,
    previous_marker: markers[0] ?? null,
    current_count: markers.length,
  };
}
