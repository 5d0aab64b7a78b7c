import type { ErrorCode } from '../../core/errors.ts';

/**
 * Whose error it is, and so which body it has: the service's, or that of the gateway before it (which repeats the request
 * id).
 */
export type ErrorOrigin = 'service' | 'gateway';

/** How one error code looks on the wire. `sentence` is the vendor's fixed text for the code. */
export interface WireRow {
  readonly status: number;
  readonly code: string;
  readonly sentence: string;
  readonly origin: ErrorOrigin;
}

const CSMS = (status: number, number: string, sentence: string): WireRow => ({
  status,
  code: `CSMS.${number}`,
  sentence,
  origin: 'service',
});
/** A row of the key service, whose codes begin with KMS. */
export const KMS = (status: number, number: string, sentence: string): WireRow => ({
  status,
  code: `KMS.${number}`,
  sentence,
  origin: 'service',
});
const IAM = (status: number, number: string, sentence: string): WireRow => ({
  status,
  code: `IAM.${number}`,
  sentence,
  origin: 'service',
});
const APIGW = (status: number, number: string, sentence: string): WireRow => ({
  status,
  code: `APIGW.${number}`,
  sentence,
  origin: 'gateway',
});

/** Codes for missing things, whose status the operator may change to the published table's 400. */
export const NOT_FOUND_CODES: ReadonlySet<ErrorCode> = new Set([
  'secret-not-found',
  'version-not-found',
  'stage-not-found',
  'resource-not-found',
]);

/** Every error code on the wire. @see the vendor's error tables; docs/behaviour/errors.md */
export const ERROR_TABLE: Readonly<Record<ErrorCode, WireRow>> = Object.freeze({
  'invalid-parameter': CSMS(400, '0002', 'The value of parameter is invalid.'),
  'parameter-missing': CSMS(400, '0002', 'The value of parameter is invalid.'),
  'invalid-body': CSMS(400, '0004', 'The requested body format is wrong.'),
  'media-type': CSMS(415, '0003', 'The request is invalid.'),
  'secret-not-found': CSMS(404, '0106', 'The secret name not found int the db.'),
  'version-not-found': CSMS(404, '0005', 'The resource does not exist.'),
  'stage-not-found': CSMS(404, '0005', 'The resource does not exist.'),
  'resource-not-found': CSMS(404, '0005', 'The resource does not exist.'),
  'secret-exists': CSMS(409, '0101', 'The secret name already exists.'),
  'secret-not-enabled': CSMS(403, '0109', 'The secret state is not enabled.'),
  'secret-pending-deletion': CSMS(400, '0103', 'The secret is in the scheduled deletion state.'),
  'deletion-already-scheduled': CSMS(400, '0107', 'The secret is in schedule delete state.'),
  'deletion-not-scheduled': CSMS(400, '0108', 'The secret is not in schedule delete state.'),
  'stage-built-in': CSMS(400, '0105', 'Can not delete the system internal stage.'),
  'secret-limit': CSMS(400, '0202', 'The number of secret has reached the upper limit.'),
  'version-limit': CSMS(400, '0202', 'The number of version has reached the upper limit.'),
  'stage-limit': CSMS(400, '0203', 'The number of stage has reached the upper limit.'),
  'event-exists': CSMS(409, '0101', 'The event name already exists.'),
  'event-limit': CSMS(400, '0202', 'The number of event has reached the upper limit.'),
  'event-referenced': CSMS(400, '0003', 'The request is invalid.'),
  // The published table has no code for these two.
  'tag-limit': CSMS(400, '0002', 'The value of parameter is invalid.'),
  'grant-limit': CSMS(400, '0002', 'The value of parameter is invalid.'),
  'key-unusable': CSMS(400, '0401', 'Can not get the protected secret value using the provided KMS key.'),
  'key-id-invalid': KMS(400, '0205', 'Invalid key ID.'),
  'key-not-found': KMS(404, '0207', 'The key does not exist.'),
  'key-disabled': KMS(400, '0209', 'The key has been disabled.'),
  'key-pending-deletion': KMS(400, '0210', 'The key is in Scheduled deletion state and cannot be used.'),
  'key-default': KMS(400, '0211', 'Cannot perform this operation on Default Master Keys.'),
  'key-alias-exists': KMS(400, '1104', 'Duplicate key aliases.'),
  'key-alias-limit': KMS(400, '0308', 'Invalid parameter.'),
  'key-alias-not-found': KMS(404, '1101', 'Invalid key_alias.'),
  'key-limit': KMS(400, '1105', 'Too many keys.'),
  'key-not-disabled': KMS(400, '1201', 'The key is not disabled.'),
  'key-not-enabled': KMS(400, '1301', 'The key is not enabled.'),
  'key-deletion-scheduled': KMS(400, '1402', 'The key is already in Pending deletion state.'),
  'key-deletion-not-scheduled': KMS(400, '1501', 'The key is not in Pending deletion state.'),
  'key-rotation-on': KMS(400, '2901', 'Key rotation is already enabled.'),
  'key-rotation-off': KMS(400, '0313', 'Key rotation is not enabled.'),
  'key-tag-limit': KMS(400, '0409', 'Too many tags.'),
  'key-tag-not-found': KMS(404, '0416', 'The tag does not exist.'),
  'ciphertext-invalid': KMS(400, '2201', 'Invalid cipher_text.'),
  'random-length-uneven': KMS(400, '1802', 'random_data_length must be a multiple of 8.'),
  'data-key-length-uneven': KMS(400, '1903', 'datakey_length must be a multiple of 8.'),
  'data-key-spec-invalid': KMS(400, '1902', 'Invalid key_spec.'),
  'data-key-text-invalid': KMS(400, '2101', 'Invalid plain_text.'),
  'data-key-hash-wrong': KMS(400, '2103', 'Failed to verify the DEK hash.'),
  'data-key-plain-length-wrong': KMS(400, '2104', 'datakey_plain_length does not match plain_text.'),
  'data-key-cipher-length-wrong': KMS(400, '2204', 'datakey_cipher_length does not match cipher_text.'),
  unauthenticated: APIGW(401, '0301', 'Incorrect IAM authentication information:'),
  'credentials-unsupported': APIGW(401, '0305', 'Incorrect authentication information:'),
  'token-expired': APIGW(401, '0307', 'The token must be updated.'),
  'action-forbidden': CSMS(403, '0302', 'The user role has no permission to access the interface.'),
  'project-forbidden': APIGW(403, '0302', 'The IAM user is not authorized to access the API.'),
  throttled: APIGW(429, '0308', 'The throttling threshold has been reached.'),
  'login-refused': APIGW(401, '0301', 'The username or password is wrong.'),
  'scope-refused': APIGW(401, '0301', 'The user does not reach the project or domain of the scope.'),
  'login-invalid': APIGW(400, '0602', 'The request body is invalid'),
  'id-token-refused': IAM(401, '0001', 'The request you have made requires authentication.'),
  'id-token-invalid': IAM(400, '0011', 'Request body is invalid.'),
  'subject-token-invalid': APIGW(404, '0602', 'X-Subject-Token is invalid in the request'),
  'subject-token-foreign': APIGW(403, '0302', 'You are not authorized to perform the requested action.'),
  'temporary-key-refused': APIGW(403, '0302', 'Temporary credentials cannot be used to obtain further ones.'),
  'password-fixed': CSMS(400, '0003', 'The request is invalid.'),
  'route-not-found': APIGW(
    404,
    '0101',
    'The API does not exist or has not been published in the environment.',
  ),
  'method-not-allowed': APIGW(405, '0101', 'The API does not exist.'),
  'request-malformed': APIGW(400, '0201', 'API request error.'),
  'host-foreign': APIGW(400, '0201', 'API request error.'),
  'origin-foreign': APIGW(403, '0201', 'API request error.'),
  'request-timeout': APIGW(408, '0201', 'API request error.'),
  'body-too-large': APIGW(413, '0201', 'Request entity too large.'),
  'uri-too-large': APIGW(414, '0201', 'Request URI too large.'),
  'headers-too-large': APIGW(431, '0201', 'Request headers too large.'),
  unavailable: APIGW(503, '0201', 'Backend unavailable.'),
  'storage-full': CSMS(507, '0001', 'An internal error occurred.'),
  'outcome-unknown': CSMS(500, '0001', 'An internal error occurred.'),
  damaged: CSMS(500, '0001', 'An internal error occurred.'),
  internal: CSMS(500, '0001', 'An internal error occurred.'),
  'seal-outdated': CSMS(500, '0001', 'An internal error occurred.'),
});

/** What follows the fixed sentence of an error without a detail of its own. */
export const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = Object.freeze({
  'host-foreign': 'The host is not a name of this server; its operator allows more with CSMS_ALLOWED_HOSTS.',
  'origin-foreign': 'Pages of other sites cannot use this server.',
  'version-not-found': 'There is no such version.',
  'stage-not-found': 'There is no such stage.',
  'event-referenced': 'Secrets still refer to the event.',
  'storage-full': 'The server has no space left; only deletions are accepted.',
  'outcome-unknown': 'Whether the change was made is not known; look before trying again.',
  damaged: 'A stored record does not pass its check; the operator has to run verify.',
});
