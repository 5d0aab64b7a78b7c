// Stands in for pg, as far as the function uses it.
import { accepts, alter, refusal } from './accounts.js';

const STATEMENT = /^ALTER ROLE ("(?:[^"]|"")*") PASSWORD ('(?:[^'\\]|'')*')$/;

class Client {
  constructor(options) {
    this.options = options;
  }

  async connect() {
    const { host, user, password } = this.options;
    if (host === 'down.example') throw refusal('ECONNREFUSED', password);
    if (!accepts(user, password)) throw refusal('28P01', password);
  }

  escapeIdentifier(name) {
    return `"${name.replaceAll('"', '""')}"`;
  }

  escapeLiteral(text) {
    return `'${text.replaceAll("'", "''")}'`;
  }

  async query(statement) {
    const [, name, password] = STATEMENT.exec(statement) ?? [];
    if (name === undefined) throw refusal('42601', statement);
    const plain = (quoted, mark) => quoted.slice(1, -1).replaceAll(mark + mark, mark);
    alter(this.options.user, plain(name, '"'), plain(password, "'"));
  }

  async end() {}
}

// biome-ignore lint/style/noDefaultExport: the driver has one.
export default { Client };
