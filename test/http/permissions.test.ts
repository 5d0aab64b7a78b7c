import { shareServer } from '../support/server.ts';
import { describeMatrix } from './permissions/matrix.ts';
import { identities } from './permissions/users.ts';

const server = shareServer({ identities: identities() });

describeMatrix(server);
