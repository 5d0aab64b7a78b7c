import { shareServer } from '../support/server.ts';
import { createMaker } from './permissions/fixtures.ts';
import { describeHidden } from './permissions/hidden.ts';
import { describeLists } from './permissions/lists.ts';
import { describeMatrix } from './permissions/matrix.ts';
import { describeOrder } from './permissions/order.ts';
import { identities } from './permissions/users.ts';

const server = shareServer({ identities: identities() });
const maker = createMaker(server);

describeMatrix(server, maker);
describeHidden(server, maker);
describeLists(server);
describeOrder(server, maker);
