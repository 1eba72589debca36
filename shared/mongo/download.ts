// A downloaded mongod as the database: mongodb-memory-server-core chooses and fetches the binary, mongod.ts runs it.
// A development package: where it is not installed, this source is not found.

import { join } from 'node:path';
import { startMongod } from './mongod.ts';
import type { DatabaseSource, SourceContext } from './source.ts';

const version = '8.0.13';

/** An offline machine or a closed network must not cost more than this before the next source is asked. */
const probeDurationMsMax = 3_000;

export const download: DatabaseSource = {
  name: 'download',
  async find(context) {
    const binaries = await import('mongodb-memory-server-core').catch(() => undefined);
    if (!binaries) return { found: false, why: 'mongodb-memory-server-core is not installed' };
    const downloadDir = join(context.cacheDir, 'mongod');

    const present = await binaries.DryMongoBinary.locateBinary({ version, downloadDir }).catch(
      () => undefined,
    );
    if (!present && !(await isReachable(mirrorOf(context)))) {
      return { found: false, why: `${mirrorOf(context)} cannot be reached to download mongod` };
    }
    return {
      found: true,
      async start(options) {
        if (!present) context.report('downloading mongod, once');
        const binary =
          present ?? (await binaries.MongoBinary.getPath({ version, downloadDir, checkMD5: true }));
        return startMongod(binary, options);
      },
    };
  },
};

/** The package's own setting and default. */
function mirrorOf(context: SourceContext): string {
  return context.environment['MONGOMS_DOWNLOAD_MIRROR'] ?? 'https://fastdl.mongodb.org';
}

async function isReachable(url: string): Promise<boolean> {
  try {
    // Any answer will do: the question is whether there is a way.
    await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(probeDurationMsMax) });
    return true;
  } catch {
    return false;
  }
}
