import { writeSync } from 'node:fs';
import Database from 'better-sqlite3';

// Another program on the database that it is given: runs a statement, says so, and keeps what it holds until it is killed.
const [file = '', statement = ''] = process.argv.slice(2);
const db = new Database(file);
db.exec(statement);
writeSync(1, 'holds\n');
// Holds on to it: a connection that nobody can reach any more is collected.
setInterval(() => db.inTransaction, 60_000);
