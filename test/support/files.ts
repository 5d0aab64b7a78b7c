import { createFileReader, type FileReader } from '../../src/files/file-reader.ts';

/** Reads files whatever their owner and mode. */
export const ANY_FILE: FileReader = createFileReader({ isStrict: false, warn: () => undefined });
