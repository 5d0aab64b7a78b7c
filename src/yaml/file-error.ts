/** A file of the operator is wrong: `file:line: key: reason`. The reason never quotes a secret. */
export class FileError extends Error {
  constructor(place: { readonly file: string; readonly line: number; readonly key: string }, reason: string) {
    super(`${place.file}:${place.line}: ${place.key}: ${reason}`);
    this.name = 'FileError';
  }
}
