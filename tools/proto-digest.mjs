// Stubs in other languages are made by tools that `npm ci` does not install, so the check cannot make them again. Beside
// them lies PROTO_SHA256, the digest of the protos that they were made from: it differs as soon as a proto changes.
// `node tools/proto-digest.mjs --write FOLDER` notes it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const digestFile = 'PROTO_SHA256';

/** Folders of stubs, each with the command that makes them. */
const stubs = [{ folder: 'clients/go/gen', command: 'clients/go/generate.sh' }];

/** Of the contents of proto/affinis/**\/*.proto in the order of their paths, as 64 hexadecimal digits. */
export function protoDigest() {
  const base = join(root, 'proto/affinis');
  const paths = readdirSync(base, { recursive: true }).filter((path) => path.endsWith('.proto'));
  const hash = createHash('sha256');
  for (const path of paths.sort()) hash.update(readFileSync(join(base, path)));
  return hash.digest('hex');
}

/** Stubs that were made from other protos than these. */
export const staleStubs = () => stubs.filter(({ folder }) => noted(folder) !== protoDigest());

function noted(folder) {
  try {
    return readFileSync(join(root, folder, digestFile), 'utf8').trim();
  } catch {
    return undefined;
  }
}

const [option, folder] = process.argv.slice(2);
if (option === '--write' && folder) writeFileSync(join(root, folder, digestFile), `${protoDigest()}\n`);
