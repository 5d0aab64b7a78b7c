import { type FileRequest, readGuarded } from './guarded-file.ts';

/** Reads the operator's files that hold a secret or authority; nothing else does. */
export interface FileReader {
  /** The file's bytes, which the caller owns. Throws FileFault. */
  read(request: FileRequest): Buffer;
}

/**
 * Creates a reader. `isStrict`: a file with a wrong owner or mode is refused; else `warn` is called, once for each fault,
 * and the file is read.
 */
export function createFileReader(options: {
  readonly isStrict: boolean;
  readonly warn: (message: string) => void;
}): FileReader {
  const told = new Set<string>();
  return {
    read(request) {
      const { bytes, fault } = readGuarded(request);
      if (fault === undefined) return bytes;
      if (options.isStrict) {
        bytes.fill(0);
        throw fault;
      }
      if (!told.has(fault.message)) {
        told.add(fault.message);
        options.warn(fault.message);
      }
      return bytes;
    },
  };
}
