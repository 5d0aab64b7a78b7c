/** A file of the operator is wrong: `file:line: key: reason`. The reason never quotes a secret. */
export class FileError extends Error {
  constructor(node: { readonly file: string; readonly line: number; readonly key: string }, reason: string) {
    super(`${node.file}:${node.line}: ${node.key}: ${reason}`);
    this.name = 'FileError';
  }
}
