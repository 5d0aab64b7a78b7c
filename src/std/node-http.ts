/**
 * Node's HTTP. An `import` of it would read everything that it exports, for which Node loads a second client of HTTP that
 * nobody here uses: a tenth of the start, and two megabytes.
 */
export const nodeHttp = process.getBuiltinModule('node:http');
