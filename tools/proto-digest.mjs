// Stubs in other languages are made by tools that `npm ci` does not install, so the check cannot make them again. Beside
// them lies the digest of the protos that they were made from: it differs as soon as a proto changes.
// `node tools/proto-digest.mjs` prints it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Digests beside stubs, each with the command that makes both. */
const stubs = [
  { digest: 'clients/go/gen/PROTO_SHA256', command: 'clients/go/generate.sh' },
  { digest: 'clients/python/src/affinis/PROTO_SHA256', command: 'clients/python/generate.sh PYTHON' },
];

/** Of the contents of proto/affinis/**\/*.proto in the order of their paths, as 64 hexadecimal digits. */
export function protoDigest() {
  const base = join(root, 'proto/affinis');
  const paths = readdirSync(base, { recursive: true }).filter((path) => path.endsWith('.proto'));
  const hash = createHash('sha256');
  for (const path of paths.sort()) hash.update(readFileSync(join(base, path)));
  return hash.digest('hex');
}

/** Stubs that were made from other protos than these. */
export const staleStubs = () => stubs.filter(({ digest }) => noted(digest) !== protoDigest());

function noted(path) {
  try {
    return readFileSync(join(root, path), 'utf8').trim();
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${protoDigest()}\n`);
