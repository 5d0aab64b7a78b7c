// PostgreSQL, through the driver pg (npm install pg).
import pg from 'pg';

function isLoginRefused(error) {
  // invalid_password, invalid_authorization_specification
  return error.code === '28P01' || error.code === '28000';
}

async function connect(place, { username, password }) {
  const { host, port = 5432, database = 'postgres', tls } = place;
  const client = new pg.Client({
    host,
    port,
    database,
    user: username,
    password,
    ssl: tls,
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  // ALTER ROLE takes no parameters, so the driver quotes.
  const alter = (name, wanted) =>
    client.query(`ALTER ROLE ${client.escapeIdentifier(name)} PASSWORD ${client.escapeLiteral(wanted)}`);
  return {
    changeOwnPassword: (account, wanted) => alter(account.username, wanted),
    changePassword: alter,
    close: () => client.end(),
  };
}
