import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { aCustomKey } from '../support/keys.ts';

const bytesOf = (base64: string) => Buffer.from(base64, 'base64');
const keyring = createKeyring({
  installationId: 'installation-1',
  kek: createSecretKey(Buffer.alloc(32, 1)),
});
const MATERIAL = [
  'Q1NNAQEAJyyXMxPExqsPYv4iuGR1i23QeJMpIOHd95UnRkVGbYhI7agiCS0oTxpJagYc+d88kzzYKvhkdnGZo05x/oZwYV8r3pHxdftM',
  'Q1NNAQEAjPr6WgOE8zjgQaldvyu2Free7r/UMPGOnTJA6IyY7SbJDTz7taytg/2KRLzmZOM8yIxyVS/cQjoZues+efqV4Zdh04tx4EEB',
];
const key = aCustomKey({
  projectId: 'p1',
  id: 'key-1',
  versions: MATERIAL.map((text, index) => ({ number: index + 1, wrapped: bytesOf(text), createTimeMs: 1 })),
});

// Made by a former program: callers keep these for years, and no migration can reach them.
describe('what callers keep opens', () => {
  it('as a backup', () => {
    const sealed = {
      wrappedKey: bytesOf(
        'Q1NLAQEAAAAAAjNBjlJpyJEGAyQccTnjfJhaZ9olx1BB6I8sbmYWKMLyvcVTDZtCEduFlyKC/VLYYgYCLRrZ9qUFHHohDhzTS51bvueflCx1nA==',
      ),
      body: bytesOf(
        'Q1NWAQEAdu985+kXh7wL+l74iWxuYEyRZ19AQxQ2qrI/gzrL4p3q3/GZwj3CvopyVKReVwRePm5FpTtliQmzUL30fSWkQ7dZW2qOiMkEMvkumGdeRds=',
      ),
    };
    expect(keyring.openBackup(key, ')Prefix.header', sealed).toString()).toBe('contents of a backup');
  });

  it.each([
    [
      'data',
      'Q1NFAQEAAAAAAgVrZXktMW5mcAIYVr99Fh9tRhmERPlWn0F8GtSqclFdh1iPh92HZPjpIFTsVF/StU3Ej2eUdlVYQ2Sv5xYAzqOk5gQkn8qv8+CVAiluf2/eQzRs/TTW',
      'data',
    ],
    [
      'data-key',
      'Q1NEAQEAAAAAAgVrZXktMRI2pxd4JxDY1AyFMNq9T3FCk0TLZjB0YxtgTt691yagoU7l06NPhR3NNVXe9mEhdiMeZP4R2ao0bZ/9X8j7My5LJ/nRtNi6wbbXKlgrmYaV',
      'data key',
    ],
  ] as const)('as a ciphertext of %s', (use, ciphertext, plaintext) => {
    const opened = keyring.cipher.decrypt(key, { use, ciphertext: bytesOf(ciphertext), aad: 'aad' });
    expect(opened.toString()).toBe(plaintext);
  });
});
