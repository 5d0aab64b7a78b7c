// MySQL and TaurusDB, through the driver mysql2 (npm install mysql2). The server has to support ALTER USER: 5.7.6 or later.
import mysql from 'mysql2/promise';

function isLoginRefused(error) {
  return error.code === 'ER_ACCESS_DENIED_ERROR';
}

async function connect(place, { username, password }) {
  const { host, port = 3306, database, tls } = place;
  const connection = await mysql.createConnection({
    host,
    port,
    database,
    user: username,
    password,
    ssl: tls,
    connectTimeout: 10_000,
  });
  return {
    changeOwnPassword: (_account, wanted) => connection.query('ALTER USER USER() IDENTIFIED BY ?', [wanted]),
    // '%': from every host. Change it when the account is limited to some.
    changePassword: (name, wanted) => connection.query('ALTER USER ?@? IDENTIFIED BY ?', [name, '%', wanted]),
    close: () => connection.end(),
  };
}
