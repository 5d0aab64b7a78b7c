import { expect, it } from 'vitest';
import { connectionsAllowed } from '../../src/compose/descriptors.ts';

it('the operating system leaves room for connections beside 128 other descriptors', () => {
  const limits = (count: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${count}    20000    files\n`;
  expect(connectionsAllowed(limits('1024'))).toBe(896);
  expect(connectionsAllowed(limits('64'))).toBe(1);
  expect(connectionsAllowed(limits('unlimited'))).toBe(Number.POSITIVE_INFINITY);
  expect(connectionsAllowed('')).toBe(Number.POSITIVE_INFINITY);
  expect(connectionsAllowed()).toBeGreaterThan(0);
});
