import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/core/policy/decide.ts';
import { splitResource } from '../../../src/core/policy/resources.ts';
import { type Ask, decided, outcome, policiesOf, questionOf } from './questions.ts';

/** A variable of a policy. */
const variable = (text: string) => `\${${text}}`;
const own = variable('g:UserName');
const KEY = { action: 'kms:cmk:encryptData', path: 'k1' } as const;
const NO_RESOURCE = { action: 'csms::listTasks', path: undefined } as const;

type Row = readonly [Resource: string | readonly string[], wanted: string, ask?: Ask];
const cases = (rows: readonly Row[]) =>
  rows.map(([resource, wanted, ask = {}]): [typeof resource, string, Ask] => [resource, wanted, ask]);

describe('a resource', () => {
  it.each(
    cases([
      ['*', 'allowed'],
      ['csms:local-1:d1:secretName:db', 'allowed'],
      ['CSMS:*:*:secretName:db', 'allowed'],
      ['c?m*:*:*:secret*:d*', 'allowed'],
      ['csms:*:*:secretName:db?', 'denied'],
      ['csms:*:*:secretname:db', 'denied'],
      ['csms:Local-1:*:secretName:db', 'denied'],
      ['csms:local-1:d2:secretName:db', 'denied'],
      ['csms:::secretName:db', 'denied'],
      ['kms:*:*:KeyId:db', 'denied'],
      [['kms:*:*:KeyId:*', 'csms:*:*:*:db'], 'allowed'],
      ['kms:*:d1:KeyId:k1', 'allowed', KEY],
      ['*:*:*:*:*', 'allowed', KEY],
      ['csms:*:*:secretName:a:b', 'allowed', { path: 'a:b' }],
      ['csms:*:*:secretName:DB', 'denied'],
    ]),
  )('%j: %s', (Resource, wanted, ask) => {
    expect(decided([{ Resource }], ask)).toBe(wanted);
    const denied = { allowed: 'explicit', denied: 'allowed' }[wanted];
    expect(decided([{}, { Effect: 'Deny', Resource }], ask)).toBe(denied);
    const turned = { allowed: 'denied', denied: 'allowed' }[wanted];
    expect(decided([{ NotResource: Resource }], ask)).toBe(turned);
  });

  it.each(
    cases([
      ['csms:*:*:secretName:*', 'allowed'],
      ['csms:*:*:secretName:db', 'open'],
      ['csms:*:*:secretName:**', 'open'],
      ['csms:*:*:secretName:?*', 'open'],
      ['kms:*:*:KeyId:db', 'denied'],
      [['csms:*:*:secretName:db', '*'], 'allowed'],
    ]),
  )('without a known path: %j: %s', (Resource, wanted) => {
    const ask = { path: undefined };
    expect(decided([{ Resource }], ask)).toBe(wanted);
    expect(decided([{}, { Effect: 'Deny', Resource }], ask)).toBe(
      { allowed: 'explicit', open: 'open', denied: 'allowed' }[wanted],
    );
    expect(decided([{ NotResource: Resource }], ask)).toBe(
      { allowed: 'denied', open: 'open', denied: 'allowed' }[wanted],
    );
  });

  it.each(
    cases([
      ['*', 'allowed', NO_RESOURCE],
      ['csms:*:*:*:*', 'allowed', NO_RESOURCE],
      ['CSMS:*:*:*:*', 'allowed', NO_RESOURCE],
      ['kms:*:*:*:*', 'denied', NO_RESOURCE],
      ['*:*:*:*:*', 'denied', NO_RESOURCE],
      ['csms:*:*:secretName:*', 'denied', NO_RESOURCE],
      ['csms:local-1:d1:*:*', 'denied', NO_RESOURCE],
    ]),
  )('of an action that has none: %j: %s', (Resource, wanted, ask) => {
    expect(decided([{ Resource }], ask)).toBe(wanted);
    expect(decided([{ NotResource: Resource }], ask)).toBe(wanted === 'allowed' ? 'denied' : 'allowed');
  });
});

describe('a variable in a resource', () => {
  it.each(
    cases([
      [`csms:*:*:secretName:${own}-*`, 'allowed', { path: 'ann-db' }],
      [`csms:*:*:secretName:${own}-*`, 'denied', { path: 'bob-db' }],
      [`csms:*:${variable('g:DomainId')}:secretName:*`, 'allowed'],
      [`${variable("g:SourceVpc, 'CSMS'")}:*:*:secretName:*`, 'allowed'],
      [`csms:*:*:secretName:${variable("g:SourceVpc, 'a:b'")}`, 'allowed', { path: 'a:b' }],
      [`csms:${variable("g:SourceVpc, 'a:}'")}:*:secretName:db`, 'denied'],
      [`csms:*:*:secretName:${variable('*')}`, 'denied'],
      [`csms:*:*:secretName:${variable('*')}`, 'allowed', { path: '*' }],
      [`csms:*:*:secretName:${variable('g:UserAgent')}`, 'denied', { context: { userAgent: '*' } }],
      [`csms:*:*:secretName:${variable('g:SourceVpc')}*`, 'denied'],
      [`csms:*:*:secretName:db${variable('g:SourceVpc')}`, 'denied', { path: undefined }],
      [`csms:*:*:secretName:${variable('g:ResourceTag/owner')}`, 'open'],
    ]),
  )('%j: %s', (Resource, wanted, ask) => {
    expect(decided([{ Resource }], ask)).toBe(wanted);
  });

  it('only stands in the last part in version 1.1', () => {
    const with11 = (Resource: string) =>
      outcome(decide(policiesOf([{ Resource }], { version: '1.1' }), questionOf({ path: 'ann' })));
    expect(with11(`csms:*:*:secretName:${own}`)).toBe('allowed');
    expect(with11(`csms:*:${variable('g:DomainId')}:secretName:*`)).toBe('denied');
  });

  it('without a value excludes nothing', () => {
    expect(decided([{ NotResource: `csms:*:*:secretName:${variable('g:SourceVpc')}` }])).toBe('allowed');
  });
});

describe('the parts of a resource', () => {
  it.each([
    ['a:b:c:d:e', ['a', 'b', 'c', 'd', 'e']],
    ['a:b:c:d:e:f', ['a', 'b', 'c', 'd', 'e:f']],
    ['::::', ['', '', '', '', '']],
    [`a:${variable('b:c')}:d:e:f`, ['a', variable('b:c'), 'd', 'e', 'f']],
    [`a:${variable("b, '}:'")}:d:e:f`, ['a', variable("b, '}:'"), 'd', 'e', 'f']],
    ['a:b:c:d', undefined],
    [`a:b:c:$\{d:e`, undefined],
  ])('%s', (written, parts) => {
    expect(splitResource(written)).toEqual(parts);
  });
});
