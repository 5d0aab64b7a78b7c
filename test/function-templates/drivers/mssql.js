// Stands in for mssql, as far as the function uses it.
import { accepts, alter, refusal } from './accounts.js';

const TEXT = "N'((?:[^']|'')*)'";
const STATEMENT = new RegExp(
  `^ALTER LOGIN \\[((?:[^\\]]|\\]\\])*)\\] WITH PASSWORD = ${TEXT}(?: OLD_PASSWORD = ${TEXT})?$`,
);

class ConnectionPool {
  constructor(options) {
    this.options = options;
  }

  async connect() {
    const { server, user, password, options } = this.options;
    if (server === 'down.example' || options.encrypt !== true) throw refusal('ESOCKET', password);
    if (!accepts(user, password)) throw refusal('ELOGIN', password);
  }

  request() {
    const { user } = this.options;
    return {
      async batch(statement) {
        const [, name, password, old] = STATEMENT.exec(statement) ?? [];
        if (name === undefined) throw refusal('EREQUEST', statement);
        const [login, wanted] = [name.replaceAll(']]', ']'), password.replaceAll("''", "'")];
        // Without ALTER ANY LOGIN, the old password has to be given.
        if (user !== 'dba' && !accepts(login, old?.replaceAll("''", "'")))
          throw refusal('EREQUEST', statement);
        alter(user, login, wanted);
      },
    };
  }

  async close() {}
}

// biome-ignore lint/style/noDefaultExport: the driver has one.
export default { ConnectionPool };
