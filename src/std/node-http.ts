/**
 * Node's HTTP. An `import` would read everything that it exports, for which Node loads a second HTTP client that is
 * unused here: a tenth of the start, and two megabytes.
 */
export const nodeHttp = process.getBuiltinModule('node:http');
