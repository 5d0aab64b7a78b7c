// SQL Server, through the driver mssql (npm install mssql).
import sql from 'mssql';

function isLoginRefused(error) {
  return error.code === 'ELOGIN';
}

/** ALTER LOGIN takes no parameters: a name stands in brackets, a text in quotes, the closing one doubled. */
function quoteName(name) {
  return `[${name.replaceAll(']', ']]')}]`;
}

function quoteText(text) {
  return `N'${text.replaceAll("'", "''")}'`;
}

async function connect(place, { username, password }) {
  const { host, port = 1433, database = 'master', tls = {} } = place;
  const pool = new sql.ConnectionPool({
    server: host,
    port,
    database,
    user: username,
    password,
    options: { encrypt: true, ...tls },
    connectionTimeout: 10_000,
    pool: { max: 1, min: 0 },
  });
  await pool.connect();
  const alter = (name, clause) => pool.request().batch(`ALTER LOGIN ${quoteName(name)} WITH ${clause}`);
  return {
    changeOwnPassword: (account, wanted) =>
      alter(
        account.username,
        `PASSWORD = ${quoteText(wanted)} OLD_PASSWORD = ${quoteText(account.password)}`,
      ),
    changePassword: (name, wanted) => alter(name, `PASSWORD = ${quoteText(wanted)}`),
    close: () => pool.close(),
  };
}
