// Stands in for mysql2/promise, as far as the function uses it.
import { accepts, alter, refusal } from './accounts.js';

async function createConnection({ host, user, password }) {
  if (host === 'down.example') throw refusal('ECONNREFUSED', password);
  if (!accepts(user, password)) throw refusal('ER_ACCESS_DENIED_ERROR', password);
  return {
    async query(statement, values) {
      if (statement === 'ALTER USER USER() IDENTIFIED BY ?') return alter(user, user, values[0]);
      if (statement === 'ALTER USER ?@? IDENTIFIED BY ?' && values[1] === '%')
        return alter(user, values[0], values[2]);
      throw refusal('ER_PARSE_ERROR', statement);
    },
    async end() {},
  };
}

// biome-ignore lint/style/noDefaultExport: the driver has one.
export default { createConnection };
