import { z } from 'zod';

const milliseconds = z.int().positive();

const supervisionSchema = z.strictObject({
  maxFailures: z
    .union([z.int().positive(), z.literal('unlimited')], 'a whole number above 0, or "unlimited"')
    .default(5)
    .describe('Ends within `windowMs` after which it stays down until `affinis plugin restart NAME`'),
  windowMs: milliseconds.default(300_000).describe('The time over which ends are counted'),
  backoffMs: milliseconds
    .default(250)
    .describe(
      'Longest wait before the first restart; doubles with every end in a row, and the wait is drawn at random below it',
    ),
  maxBackoffMs: milliseconds.default(30_000).describe('Most that the wait grows to'),
  healthyMs: milliseconds.default(60_000).describe('A process that has served for this long begins a new row of ends'),
});

const pluginTlsSchema = z.strictObject({
  ca: z.string().describe('PEM file of the authority that signed the plugin’s certificate'),
  cert: z.string().describe('PEM file of the certificate that the server shows'),
  key: z.string().describe('PEM file of its private key'),
  serverName: z.string().optional().describe('Name in the plugin’s certificate, where it is not the address’s'),
});

/** A plugin outside this process: started from `command` or `module`, or attached to at `address`. */
export const processPluginSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*$/, 'lower-case letters, digits, dots, dashes and underscores')
      .describe('Name for logs and `affinis plugin`'),
    command: z.array(z.string()).min(1).optional().describe('Program and arguments that start it, without a shell'),
    module: z
      .string()
      .optional()
      .describe('Instead: a plugin module, as in a plain entry, run in a Node process of its own'),
    address: z
      .string()
      .optional()
      .describe('Instead: where it runs already, `HOST:PORT` or `unix:/path`; beyond this machine only with `tls`'),
    tls: pluginTlsSchema.optional().describe('Certificates for an `address`'),
    cwd: z.string().optional().describe('Working directory, relative to this file; default: the file’s folder'),
    env: z
      .record(z.string(), z.string())
      .default({})
      .meta({ writeOnly: true })
      .describe('Variables that it gets, besides PATH, HOME, LANG, LC_*, TZ and TMPDIR of the server’s own'),
    passEnv: z.array(z.string()).default([]).describe('Names of variables of the server’s own that it gets as well'),
    startTimeoutMs: milliseconds.default(30_000).describe('Time from start to ready'),
    attemptTimeoutMs: milliseconds
      .optional()
      .describe(
        'Time for one attempt at a call, after which the process counts as hung; default: a third of what is left of the deadline, at least 1000',
      ),
    maxMemory: z
      .string()
      .regex(/^\d+(\.\d+)? ?(KiB|MiB|GiB|TiB)$/, 'a size such as "512MiB" or "2GiB"')
      .optional()
      .describe(
        'Resident memory of its process, above which it is ended and started again. Linux only. Default: no limit',
      ),
    supervision: supervisionSchema.prefault({}).describe('When it is started again'),
  })
  .refine(
    ({ command, module, address }) => [command, module, address].filter((way) => way !== undefined).length === 1,
    'needs exactly one of "command", "module" and "address"',
  )
  .refine(({ address, tls }) => address !== undefined || tls === undefined, '"tls" belongs to an "address"');

export type ProcessPluginConfig = z.infer<typeof processPluginSchema>;
export type SupervisionConfig = ProcessPluginConfig['supervision'];

export const pluginSchema = z.union([z.string(), processPluginSchema]);
