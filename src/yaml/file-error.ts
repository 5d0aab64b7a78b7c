/** A file of the operator is wrong: `file:line: key: reason`. The reason never quotes a secret. */
export class FileError extends Error {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly reason: string;

  constructor(
    node: { readonly file: string; readonly line: number; readonly key: string },
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${node.file}:${node.line}: ${node.key}: ${reason}`, options);
    this.file = node.file;
    this.name = 'FileError';
    this.line = node.line;
    this.key = node.key;
    this.reason = reason;
  }
}
