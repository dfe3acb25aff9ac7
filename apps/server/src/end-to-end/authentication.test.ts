import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAffinisClient } from '@affinis/client';
import { v1 } from '@affinis/contracts';
import { credentials } from '@grpc/grpc-js';
import { makeCertificates } from '../testing/certificates.ts';
import { obedientConfig } from '../testing/obedient.ts';
import { createRawClient, outcomeOf } from '../testing/raw-client.ts';
import { errorOf, outcomesOf } from '../testing/results.ts';
import { text } from '../testing/samples.ts';
import { failedStart, type TestServer, useServer, withServer } from '../testing/use-server.ts';

const token = 'tok-3f9a-known-here';
const certificates = makeCertificates();
const { folder, read } = certificates;
writeFileSync(join(folder, 'tokens'), `# for the tests\n\n${token}\nsecond-token\n`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pair = [{ left: [text('a')], right: [text('b')] }];
const quick = { retry: false, deadlineMs: 5000 } as const;

describe('bearer tokens', () => {
  const server = useServer({
    folder,
    config: obedientConfig('server: { tokensFile: tokens, logLevel: debug }'),
  });

  it.each([token, 'second-token'])('opens for %s', async (known) => {
    const client = createAffinisClient({ address: server().address, token: known, ...quick });
    const results = await client.verify(pair, { pipeline: 'toy' });
    client.close();
    expect(outcomesOf(results)).toEqual(['ok']);
  });

  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['an unknown token', { authorization: 'Bearer wrong-9c1e' }],
    ['a prefix of a token', { authorization: `Bearer ${token.slice(0, -1)}` }],
    ['another scheme', { authorization: `Basic ${token}` }],
    ['a comment of the file', { authorization: 'Bearer #' }],
    ['nothing after the scheme', { authorization: 'Bearer' }],
  ])('refuses %s, on calls and on streams', async (_, metadata) => {
    const { raw } = server();
    const request = v1.VerifyRequest.create();
    const error = await errorOf(raw.unary(v1.SimilarityService.verify, request, { metadata }));
    expect(error).toMatchObject({ code: 'unauthenticated' });
    const stream = await outcomeOf(raw.duplex(v1.EmbedderService.embedStream, { metadata }));
    expect(stream.error).toMatchObject({ code: 'unauthenticated' });
  });

  it('leaves health open, for balancers, and nothing else', async () => {
    expect(await server().client.health('pipelines/toy')).toBe('serving');
    const error = await errorOf(server().client.listPipelines());
    expect(error).toMatchObject({ code: 'unauthenticated' });
    expect(error.message).toContain('authorization: Bearer TOKEN');
  });

  it('logs refusals, and no token', () => {
    const log = JSON.stringify(server().log);
    expect(log).toContain('call without valid credentials');
    for (const secret of [token, 'second-token', 'wrong-9c1e']) expect(log).not.toContain(secret);
  });
});

const tls = 'cert: server.crt, key: server.key';
const reach = (server: TestServer, as?: string) => {
  const secure = createRawClient(
    server.address,
    credentials.createSsl(read('ca.crt'), as ? read(`${as}.key`) : null, as ? read(`${as}.crt`) : null),
  );
  const call = secure.unary(v1.SimilarityService.listPipelines, {}, { deadlineMs: 3000 });
  return call.finally(() => secure.close());
};

describe('TLS', () => {
  it('with a token: both are needed', async () => {
    const config = obedientConfig(`server: { tls: { ${tls} }, tokensFile: tokens }`);
    await withServer({ folder, config }, async (server) => {
      const { address } = server;
      const client = createAffinisClient({ address, token, tls: { rootCertificates: read('ca.crt') }, ...quick });
      expect(outcomesOf(await client.verify(pair, { pipeline: 'toy' }))).toEqual(['ok']);
      client.close();
      expect(await errorOf(reach(server))).toMatchObject({ code: 'unauthenticated' });
      expect(await errorOf(server.client.verify(pair, { deadlineMs: 2000 }))).toMatchObject({
        code: expect.stringMatching(/unavailable|deadline-exceeded/),
      });
      const distrustful = createAffinisClient({
        address,
        token,
        tls: { rootCertificates: read('other-ca.crt') },
        ...quick,
      });
      expect(await errorOf(distrustful.verify(pair, { pipeline: 'toy' }))).toMatchObject({ code: 'unavailable' });
      distrustful.close();
    });
  });

  it('with client certificates: none, or one of another authority, is refused', async () => {
    const config = obedientConfig(`server: { tls: { ${tls}, clientCa: ca.crt } }`);
    await withServer({ folder, config }, async (server) => {
      expect((await reach(server, 'client')).pipelines).toHaveLength(1);
      const refused = { code: expect.stringMatching(/unavailable|deadline-exceeded/) };
      expect(await errorOf(reach(server))).toMatchObject(refused);
      expect(await errorOf(reach(server, 'stranger'))).toMatchObject(refused);
      expect((await reach(server, 'client')).pipelines).toHaveLength(1);
    });
  });

  it('lets the server be reached from other machines, with either', async () => {
    const config = obedientConfig(`server: { host: 0.0.0.0, tls: { ${tls}, clientCa: ca.crt } }`);
    await withServer({ folder, config }, async ({ address }) => {
      const local = createRawClient(
        address.replace('0.0.0.0', '127.0.0.1'),
        credentials.createSsl(read('ca.crt'), read('client.key'), read('client.crt')),
      );
      expect((await local.unary(v1.SimilarityService.listPipelines, {})).pipelines).toHaveLength(1);
      local.close();
    });
  });
});

describe('the server does not start, with exit code 2 and what to mend,', () => {
  it.each([
    ['beyond loopback without TLS', 'host: 0.0.0.0', 'server.host'],
    ['beyond loopback with a token in the clear', 'host: 0.0.0.0, tokensFile: tokens', 'server.host'],
    ['beyond loopback with TLS that lets anybody in', `host: "::", tls: { ${tls} }`, 'server.host'],
    ['by a name that may be anywhere', 'host: example.com', 'server.host'],
    ['where the tokens are missing', 'tokensFile: none.txt', 'server.tokensFile'],
    ['where the certificate is missing', 'tls: { cert: none.crt, key: server.key }', 'server.tls.cert'],
    ['where key and certificate do not fit', 'tls: { cert: server.crt, key: client.key }', 'server.tls'],
    ['where the certificate is none', 'tls: { cert: tokens, key: server.key }', 'server.tls'],
    ['where the clients\u2019 authority is none', `tls: { ${tls}, clientCa: server.key }`, 'server.tls'],
  ])('%s', async (_, server, field) => {
    const config = obedientConfig(`server: { ${server} }`);
    const output = await failedStart({ folder, config });
    expect(output).toContain('code 2');
    expect(output).toContain(field);
  });
});
