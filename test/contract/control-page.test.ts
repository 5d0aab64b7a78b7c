import { expect, it } from 'vitest';
import { FIRED_TYPES } from '../../src/companion/clock/happenings.ts';
import { CONTROL_STATUS } from '../../src/companion/control/control-error.ts';
import { FaultBody } from '../../src/companion/faults/draft.ts';
import { NOTIFICATION_MEMBERS } from '../../src/companion/notifications/notification-list.ts';
import { QuotaBody } from '../../src/companion/quota/quota.ts';
import { REQUEST_MEMBERS } from '../../src/companion/requests/request-list.ts';
import { KEY_MEMBERS } from '../../src/companion/seed/key-entries.ts';
import { readPage } from '../docs/pages.ts';

const page = readPage('docs/behaviour/tests.md');

/** The rows of the table with this heading, as their cells. */
function rowsOf(heading: string): string[][] {
  const from = page.indexOf(`| ${heading} |`);
  expect(from, heading).toBeGreaterThan(-1);
  const [table = ''] = page.slice(from).split('\n\n');
  const rows = table.split('\n').slice(2);
  return rows.map((row) => row.split(/ ?\| ?/).slice(1, -1));
}
const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
const cell = (heading: string, row: string) =>
  namesIn(rowsOf(heading).find(([first]) => first === `\`${row}\``)?.[1]);

it('the page of the control API has every refusal, with its status', () => {
  const shown = rowsOf('`error_code`').map(([code, status]) => [namesIn(code)[0], Number(status)]);
  expect(Object.fromEntries(shown)).toEqual(CONTROL_STATUS);
});

it('it has every type of what a clock leads to, in the order at one moment', () => {
  expect(rowsOf('`type`').flatMap(([type]) => namesIn(type))).toEqual(FIRED_TYPES);
});

it('it has every member of a fault, and every figure of a quota', () => {
  expect(rowsOf('member').flatMap(([names]) => namesIn(names))).toEqual(Object.keys(FaultBody.properties));
  const { profile: _, ...figures } = QuotaBody.properties;
  expect(rowsOf('figure of `huawei`').flatMap(([name]) => namesIn(name))).toEqual(Object.keys(figures));
});

it('it has every member of the lists, and of keys in a seed', () => {
  expect(cell('list', 'requests')).toEqual(REQUEST_MEMBERS);
  expect(cell('list', 'notifications')).toEqual(NOTIFICATION_MEMBERS);
  expect(cell('in', 'keys')).toEqual(KEY_MEMBERS);
});
