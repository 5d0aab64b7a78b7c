import { sqliteEngine } from './sqlite/harness.ts';
import { storeContract } from './store.contract.ts';

storeContract(sqliteEngine);
