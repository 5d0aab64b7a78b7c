import { mapEngine, slowEngine } from '../support/memory-store.ts';
import { sqliteEngine } from './sqlite/harness.ts';
import { storeContract } from './store.contract.ts';

for (const engine of [sqliteEngine, mapEngine, slowEngine]) storeContract(engine);
