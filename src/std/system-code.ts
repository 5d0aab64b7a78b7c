/** The code of an error of the system or a library, such as `ENOENT`; empty for an error without one. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
