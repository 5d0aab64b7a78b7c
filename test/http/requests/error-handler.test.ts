import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, SecretError } from '../../../src/core/errors.ts';
import { toWireError } from '../../../src/http/requests/error-handler.ts';
import { ERROR_TABLE } from '../../../src/http/wire/error-table.ts';
import { shareServer, startTestServer } from '../../support/server.ts';
import { callsOf, problem } from '../calls.ts';

/** What the vendor publishes: status, code and sentence. @see the tables of the API reference and of the gateway */
const PUBLISHED: Readonly<
  Partial<Record<ErrorCode, readonly [status: number, code: string, sentence: string]>>
> = {
  'invalid-parameter': [400, 'CSMS.0002', 'The value of parameter is invalid.'],
  'invalid-body': [400, 'CSMS.0004', 'The requested body format is wrong.'],
  'secret-not-found': [404, 'CSMS.0106', 'The secret name not found int the db.'],
  'version-not-found': [404, 'CSMS.0005', 'The resource does not exist.'],
  'stage-not-found': [404, 'CSMS.0005', 'The resource does not exist.'],
  'secret-exists': [409, 'CSMS.0101', 'The secret name already exists.'],
  'secret-not-enabled': [403, 'CSMS.0109', 'The secret state is not enabled.'],
  'secret-pending-deletion': [400, 'CSMS.0103', 'The secret is in the scheduled deletion state.'],
  'deletion-already-scheduled': [400, 'CSMS.0107', 'The secret is in schedule delete state.'],
  'deletion-not-scheduled': [400, 'CSMS.0108', 'The secret is not in schedule delete state.'],
  'stage-built-in': [400, 'CSMS.0105', 'Can not delete the system internal stage.'],
  'secret-limit': [400, 'CSMS.0202', 'The number of secret has reached the upper limit.'],
  'stage-limit': [400, 'CSMS.0203', 'The number of stage has reached the upper limit.'],
  'key-unusable': [400, 'CSMS.0401', 'Can not get the protected secret value using the provided KMS key.'],
  unauthenticated: [401, 'APIGW.0301', 'Incorrect IAM authentication information:'],
  'token-expired': [401, 'APIGW.0307', 'The token must be updated.'],
  'project-forbidden': [403, 'APIGW.0302', 'The IAM user is not authorized to access the API.'],
  throttled: [429, 'APIGW.0308', 'The throttling threshold has been reached.'],
  'route-not-found': [
    404,
    'APIGW.0101',
    'The API does not exist or has not been published in the environment.',
  ],
  'method-not-allowed': [405, 'APIGW.0101', 'The API does not exist.'],
  'request-malformed': [400, 'APIGW.0201', 'API request error.'],
  'body-too-large': [413, 'APIGW.0201', 'Request entity too large.'],
  'headers-too-large': [431, 'APIGW.0201', 'Request headers too large.'],
  internal: [500, 'CSMS.0001', 'An internal error occurred.'],
};
const codes = Object.keys(ERROR_TABLE) as ErrorCode[];
const requestId = '0'.repeat(32);
const flat = { family: 'flat', requestId, notFoundStatus: 404 } as const;

describe('the error table', () => {
  it.each(Object.entries(PUBLISHED))(
    'says for %s what the vendor publishes',
    (code, [status, number, sentence]) => {
      const row = ERROR_TABLE[code as ErrorCode];
      expect([row.status, row.code, row.sentence]).toEqual([status, number, sentence]);
    },
  );

  it('repeats code and message where each client looks for them, in the nested family', () => {
    const error = new SecretError('resource-not-found', 'x');
    const [code, message] = ['CSMS.0005', 'The resource does not exist. x'];
    const flatBody = { error_code: code, error_msg: message };
    expect(toWireError(error, flat).body).toEqual(flatBody);
    expect(toWireError(error, { ...flat, family: 'nested' }).body).toEqual({
      error: { ...flatBody, code, message },
      ...flatBody,
    });
    const gateway = toWireError(new SecretError('throttled'), { ...flat, family: 'nested' }).body;
    expect(gateway).toMatchObject({ request_id: requestId, error: { request_id: requestId } });
  });

  it('has a client error or a server error for every code, within the documented lengths', () => {
    for (const code of codes) {
      const { status, body } = toWireError(new SecretError(code), flat);
      expect([code, status >= 400 && status < 600]).toEqual([code, true]);
      expect(String(body.error_code)).toMatch(/^(CSMS|KMS|APIGW|IAM)\.\d{4}$/);
      expect(String(body.error_msg).length).toBeGreaterThan(1);
    }
  });

  it('repeats the request id in the gateway’s errors and in no others, as members in the documented order', () => {
    for (const code of codes) {
      const { body } = toWireError(new SecretError(code), flat);
      const isGateway = String(body.error_code).startsWith('APIGW');
      expect(Object.keys(body)).toEqual(
        isGateway ? ['error_msg', 'error_code', 'request_id'] : ['error_code', 'error_msg'],
      );
    }
  });

  it('has the identity service’s shape for its calls', () => {
    for (const code of codes) {
      const { status, body } = toWireError(new SecretError(code), { ...flat, family: 'iam' });
      expect(body).toEqual({
        error: { code: status, message: expect.any(String), title: expect.stringMatching(/^[A-Z][\w ]+$/) },
      });
    }
  });

  it('turns missing resources alone into the other status', () => {
    const changed = codes.filter((code) => {
      const wire = toWireError(new SecretError(code), { ...flat, notFoundStatus: 400 });
      return wire.status !== ERROR_TABLE[code].status;
    });
    expect(changed.toSorted()).toEqual([
      'resource-not-found',
      'secret-not-found',
      'stage-not-found',
      'version-not-found',
    ]);
  });

  it('puts the detail behind the sentence, and cuts the service’s messages at 512 characters', () => {
    const message = (text: string) =>
      toWireError(new SecretError('invalid-parameter', text), flat).body.error_msg;
    expect(message('')).toBe('The value of parameter is invalid.');
    expect(message('limit must be a number.')).toBe(
      'The value of parameter is invalid. limit must be a number.',
    );
    expect(message('x'.repeat(600))).toHaveLength(512);
  });

  it('never shows the cause', () => {
    const cause = new Error('SELECT canary');
    for (const code of codes) {
      expect(JSON.stringify(toWireError(new SecretError(code, '', { cause }), flat))).not.toContain('canary');
    }
  });
});

describe('the errors of the key service', () => {
  const kms = { ...flat, family: 'kms' } as const;
  const wireOf = (code: ErrorCode, parameter?: string) =>
    toWireError(new SecretError(code, 'x.', { parameter }), kms);

  it.each([
    ['invalid-body', 400, 'KMS.0202', 'Invalid JSON format of the request message.'],
    ['parameter-missing', 400, 'KMS.0204', 'Parameters missing in the request message.'],
    ['key-id-invalid', 400, 'KMS.0205', 'Invalid key ID.'],
    ['key-not-found', 404, 'KMS.0207', 'The key does not exist.'],
    ['key-disabled', 400, 'KMS.0209', 'The key has been disabled.'],
    ['key-pending-deletion', 400, 'KMS.0210', 'The key is in Scheduled deletion state and cannot be used.'],
    ['key-default', 400, 'KMS.0211', 'Cannot perform this operation on Default Master Keys.'],
    ['invalid-parameter', 400, 'KMS.0308', 'Invalid parameter.'],
    ['key-rotation-off', 400, 'KMS.0313', 'Key rotation is not enabled.'],
    ['key-tag-limit', 400, 'KMS.0409', 'Too many tags.'],
    ['key-tag-not-found', 404, 'KMS.0416', 'The tag does not exist.'],
    ['key-alias-exists', 400, 'KMS.1104', 'Duplicate key aliases.'],
    ['key-limit', 400, 'KMS.1105', 'Too many keys.'],
    ['key-not-disabled', 400, 'KMS.1201', 'The key is not disabled.'],
    ['key-not-enabled', 400, 'KMS.1301', 'The key is not enabled.'],
    ['key-deletion-scheduled', 400, 'KMS.1402', 'The key is already in Pending deletion state.'],
    ['key-deletion-not-scheduled', 400, 'KMS.1501', 'The key is not in Pending deletion state.'],
    ['data-key-text-invalid', 400, 'KMS.2101', 'Invalid plain_text.'],
    ['data-key-hash-wrong', 400, 'KMS.2103', 'Failed to verify the DEK hash.'],
    ['ciphertext-invalid', 400, 'KMS.2201', 'Invalid cipher_text.'],
    ['internal', 500, 'KMS.0101', 'KMS error.'],
    ['damaged', 500, 'KMS.0101', 'KMS error.'],
    ['outcome-unknown', 500, 'KMS.0102', 'Abnormal KMS I/O.'],
    ['storage-full', 507, 'KMS.0102', 'Abnormal KMS I/O.'],
    ['unavailable', 503, 'APIGW.0201', 'Backend unavailable.'],
    ['project-forbidden', 403, 'APIGW.0302', 'The IAM user is not authorized to access the API.'],
  ] as const)('say for %s what the vendor publishes', (code, status, number, sentence) => {
    const wire = wireOf(code);
    const message = expect.stringMatching(`^${sentence.replaceAll('.', '\\.')} x\\.`);
    expect(wire.status).toBe(status);
    expect(wire.body).toMatchObject({
      error: { error_code: number, error_msg: message, code: number, message },
      error_code: number,
      error_msg: message,
    });
  });

  it.each([
    ['key_id', 'KMS.0205'],
    ['tags.0.key', 'KMS.0406'],
    ['tags.12.values.3', 'KMS.0405'],
    ['tags.0', 'KMS.0412'],
    ['tags', 'KMS.0412'],
    ['matches.0.key', 'KMS.0403'],
    ['plain_text', 'KMS.0308'],
    ['constructor', 'KMS.0308'],
    ['', 'KMS.0308'],
  ])('have for the parameter %j the code %s', (parameter, code) => {
    expect(wireOf('invalid-parameter', parameter).body.error_code).toBe(code);
  });

  it('keep the code of a rule whatever its parameter is called', () => {
    expect(wireOf('key-alias-exists', 'key_id').body.error_code).toBe('KMS.1104');
  });
});

describe('a failure of the server', () => {
  const server = shareServer();
  const acme = callsOf(server);

  it('is named to the caller when a record was changed on disk, and no value is shown', async () => {
    await acme.create('damaged', { secret_string: 'untouched' });
    const database = new Database(join(server.directory, 'data', 'csms.db'));
    database.prepare("UPDATE secret SET description = 'changed' WHERE name = 'damaged'").run();
    database.close();
    for (const answer of [await acme.get('/damaged'), await acme.get('/damaged/versions/latest')]) {
      expect(problem(answer)).toEqual([500, 'CSMS.0001']);
      expect(answer.json.error_msg).toMatch(
        /^An internal error occurred\. A stored [a-z ]+\. A stored record does not pass its check; [a-z ]+\.$/,
      );
    }
    const failures = server.logged().filter(({ level }) => level === 50);
    expect(failures.map(({ code }) => code)).toEqual(['damaged', 'damaged']);
  });

  it('has a generic text when it is unforeseen, and a log line without the message of the error', async () => {
    const broken = await startTestServer();
    // A store that is closed would be told from one that fails.
    Object.assign(broken.composed.store, {
      findSecret() {
        throw new TypeError('canary-of-the-url');
      },
    });
    const answer = await callsOf(broken).get('/canary-of-the-url');
    const [failure] = broken.logged().filter(({ level }) => level === 50);
    await broken.close();
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({ error_code: 'CSMS.0001', error_msg: 'An internal error occurred.' });
    expect(failure).toEqual({
      level: 50,
      time: expect.any(String),
      requestId: answer.headers['x-request-id'],
      code: 'internal',
      type: 'TypeError',
      stack: expect.stringMatching(/^\s+at /),
      msg: 'request failed',
    });
  });
});
