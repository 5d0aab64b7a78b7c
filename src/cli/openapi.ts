import { generateOpenapi } from '../compose/openapi.ts';
import { EXIT } from './exit-codes.ts';

/** `csms-server openapi`: the document of this program's routes. */
export async function run(): Promise<number> {
  process.stdout.write(await generateOpenapi());
  return EXIT.ok;
}
