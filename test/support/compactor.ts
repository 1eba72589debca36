// A compactor as a process of its own, which a test may kill. It moves everything up to the checkpoints, in small segments and
// without waiting for reads: node compactor.ts. Prints what it moved. MONGODB_URI, MONGODB_DATABASE and FAILPOINTS are its settings.

import { defaultCompactionLimits } from '../../shared/journal/compaction.ts';
import { connectDatabase } from '../../shared/mongo/index.ts';
import { createLog, failpointsFromEnvironment } from '../../shared/runtime/index.ts';
import { compactSmall } from './compaction.ts';

const { MONGODB_URI = '', MONGODB_DATABASE = '', FAILPOINTS } = process.env;
const database = await connectDatabase({
  uri: MONGODB_URI,
  databaseName: MONGODB_DATABASE,
  log: createLog('compactor', 'silent'),
});
const moved = await compactSmall(database.db, {
  failpoints: failpointsFromEnvironment(FAILPOINTS),
  attemptsMax: defaultCompactionLimits.attemptsMax,
});
process.stdout.write(`${JSON.stringify(moved)}\n`);
await database.close();
