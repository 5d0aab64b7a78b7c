import { describe, expect, it } from 'vitest';
import { readableLine } from '../../src/log/readable.ts';

const TIME = new Date(2026, 0, 2, 15, 37, 57).getTime();
const form = (fields: object) => readableLine(`${JSON.stringify(fields)}\n`);
const request = (fields: object) => form({ level: 30, time: TIME, msg: 'request', method: 'GET', ...fields });

describe('a request on a terminal', () => {
  it('is one line with path, name, outcome, time and who it was', () => {
    const route = '/v1/:project_id/secrets/:secret_name/versions/:version_id';
    const fields = { route, secretName: 'nope', status: 404, errorCode: 'CSMS.0106', durationMs: 21.6 };
    expect(request({ ...fields, user: 'admin', reason: 'no such secret' })).toBe(
      '15:37:57 GET /v1/…/secrets/nope/versions/:version_id 404 CSMS.0106 22 ms admin no such secret\n',
    );
  });

  it('names a new secret behind the path', () => {
    const fields = {
      method: 'POST',
      route: '/v1/:project_id/secrets',
      secretName: 'db',
      status: 200,
      durationMs: 3,
    };
    expect(request(fields)).toBe('15:37:57 POST /v1/…/secrets db 200 3 ms\n');
  });

  it('says when there is no such path', () => {
    expect(request({ status: 404, durationMs: 0 })).toBe('15:37:57 GET (no such path) 404 0 ms\n');
  });
});

describe('any other line on a terminal', () => {
  it('is level, message and fields', () => {
    expect(form({ level: 40, time: TIME, msg: 'careful', name: 'a b', count: 2, list: ['x'] })).toBe(
      '15:37:57 WARN  careful name="a b" count=2 list="[\\"x\\"]"\n',
    );
  });

  it('is itself when it is no JSON', () => {
    expect(readableLine('not \x1b[31mJSON\n')).toBe('not \\u{1b}[31mJSON\n');
  });
});

describe('what a terminal would act on', () => {
  it.each(['\x1b[2J', '\r', '\n', '\x07', '\x7f', '\x9b31m', '\u202e', '\u2028', '\u0085', '\u200b'])(
    'is shown and not sent: %j',
    (text) => {
      const lines = [
        request({ user: text, reason: text, durationMs: 1 }),
        form({ level: 30, time: TIME, msg: text, [text]: text }),
      ];
      for (const line of lines) {
        expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+\n$/u);
      }
    },
  );
});
