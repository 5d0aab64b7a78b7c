import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPolicyDocument, readPolicyJson } from '../../src/auth/identities/policy-document.ts';
import { FileError } from '../../src/yaml/file-error.ts';
import { parseYaml } from '../../src/yaml/yaml-node.ts';
import { BARE_VALUES, FAULTS, LIMITS_REACHED, type Spoil } from './faults.ts';
import { documents } from './generators.ts';
import { faultOf } from './oracle-documents.ts';
import { CASES, parameters, SEED, TIMEOUT_MS } from './runs.ts';

function isReadBy(read: typeof readPolicyJson, document: unknown): boolean {
  try {
    read({ file: 'p', text: JSON.stringify(document) });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(FileError);
    return false;
  }
}

/** Read as a part of a YAML file or as JSON, it is accepted or refused alike. */
function isAccepted(document: unknown): boolean {
  const isAcceptedInYaml = isReadBy((input) => readPolicyDocument(parseYaml(input)), document);
  expect(isReadBy(readPolicyJson, document)).toBe(isAcceptedInYaml);
  return isAcceptedInYaml;
}

const plain = (document: unknown) => JSON.parse(JSON.stringify(document)) as Parameters<Spoil>[0];
const spoilt = (spoils: Readonly<Record<string, Spoil>>) =>
  fc
    .tuple(documents, fc.constantFrom(...Object.keys(spoils)), fc.nat(2))
    .filter(([document]) => faultOf(plain(document)) === undefined)
    .map(([document, name, at]) => ({ name, document: spoils[name]!(plain(document), at) }))
    .filter(({ document }) => document !== undefined);

describe(`documents are accepted or refused alike, with seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
  it('whatever is in them', () => {
    let accepted = 0;
    fc.assert(
      fc.property(documents, (document) => {
        const isRight = faultOf(plain(document)) === undefined;
        expect(isAccepted(document)).toBe(isRight);
        accepted += Number(isRight);
      }),
      parameters(0.05),
    );
    expect(accepted).toBeGreaterThan(CASES * 0.04);
  });

  it.each(Object.keys(FAULTS))('with one fault: %s', (name) => {
    fc.assert(
      fc.property(spoilt({ [name]: FAULTS[name]! }), ({ document }) => {
        expect({ fault: faultOf(document) !== undefined, isAccepted: isAccepted(document) }).toEqual({
          fault: true,
          isAccepted: false,
        });
      }),
      parameters(0.0005),
    );
  });

  it.each(Object.keys(BARE_VALUES))('as JSON with one fault: %s', (name) => {
    fc.assert(
      fc.property(spoilt({ [name]: BARE_VALUES[name]! }), ({ document }) => {
        expect(faultOf(document)).toBeDefined();
        expect(isReadBy(readPolicyJson, document)).toBe(false);
      }),
      parameters(0.0005),
    );
  });

  it.each(Object.keys(LIMITS_REACHED))('at a limit: %s', (name) => {
    fc.assert(
      fc.property(spoilt({ [name]: LIMITS_REACHED[name]! }), ({ document }) => {
        expect({ fault: faultOf(document), isAccepted: isAccepted(document) }).toEqual({
          fault: undefined,
          isAccepted: true,
        });
      }),
      parameters(0.0005),
    );
  });
});
