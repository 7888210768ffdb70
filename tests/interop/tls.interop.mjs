// TLS with other people's programs: openssl, sslscan, node and its packages.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import test from 'node:test';
import tls from 'node:tls';

import { ended, eventually, fromModules, inTime, kTimeout, Lines, withServer } from './bench.mjs';
import { Certificates } from './certificates.mjs';

const WebSocket = fromModules('ws');

// What a program writes and how it ends, {status, out}, with this as its input, which then ends or
// stays open.
async function outcome(program, options, input = '', staysOpen = false) {
  const child = spawn(program, options, { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (bytes) => (out += bytes));
  child.stderr.on('data', (bytes) => (out += bytes));
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  if (!staysOpen) {
    child.stdin.end();
  }
  try {
    const [status] = await inTime(once(child, 'close'), () => `the end of ${program}:\n${out}`);
    return { status, out };
  } finally {
    child.kill('SIGKILL');
  }
}

// test({server, certificates, files}, after)
function withTls(test) {
  return async () => {
    const certificates = await Certificates.create();
    try {
      const files = await certificates.issue();
      await withServer(
        (server, after) => test({ server, certificates, files }, after),
        Certificates.flags(files),
      )();
    } finally {
      certificates.end();
    }
  };
}

function sClient(port, ca, options, ...input) {
  const where = ['-connect', `127.0.0.1:${port}`, '-servername', 'localhost'];
  const whom = ['-CAfile', ca, '-verify_return_error', '-verify_hostname', 'localhost'];
  return outcome('openssl', ['s_client', ...where, ...whom, ...options], ...input);
}

test(
  'Tls_TwoVersions_AreSpokenWithACertificateThatHolds',
  kTimeout,
  withTls(async ({ server, certificates }) => {
    for (const [option, name] of [
      ['-tls1_2', 'TLSv1.2'],
      ['-tls1_3', 'TLSv1.3'],
    ]) {
      const options = [option, '-brief', '-ign_eof'];
      const { status, out } = await sClient(
        server.port,
        certificates.ca,
        options,
        'REGISTER:alice\nQUIT\n',
      );
      assert.equal(status, 0, out);
      assert.match(out, new RegExp(`^Protocol version: ${name}$`, 'm'));
      assert.match(out, /^Verification: OK$/m);
      assert.match(out, /^Verified peername: localhost$/m);
      assert.match(out, /^REGISTERED:alice\nBYE:/m);
    }
  }),
);

test(
  'Tls_OldVersion_IsRefused',
  kTimeout,
  withTls(async ({ server, certificates }) => {
    for (const option of ['-tls1', '-tls1_1']) {
      const options = [option, '-cipher', 'ALL:@SECLEVEL=0'];
      const { status, out } = await sClient(server.port, certificates.ca, options);
      assert.equal(status, 1, out);
      assert.match(out, /alert protocol version/);
    }
  }),
);

test(
  'Tls_ProtocolThatIsOffered_IsChosen',
  kTimeout,
  withTls(async ({ server, certificates }) => {
    for (const [offered, said] of [
      ['http/1.1', 'ALPN protocol: http/1.1'],
      ['h2,http/1.1', 'ALPN protocol: http/1.1'],
      ['irc', 'ALPN protocol: irc'],
    ]) {
      const { status, out } = await sClient(server.port, certificates.ca, ['-alpn', offered]);
      assert.equal(status, 0, out);
      assert.ok(out.split('\n').includes(said), out);
      assert.ok(out.includes('Compression: NONE'), out);
    }
  }),
);

test(
  'Tls_Renegotiation_IsRefused',
  kTimeout,
  withTls(async ({ server, certificates }) => {
    // R at the beginning of a line asks for it.
    const { out } = await sClient(server.port, certificates.ca, ['-tls1_2'], 'R\n', true);
    assert.match(out, /RENEGOTIATING/);
    assert.match(out, /no renegotiation/);
  }),
);

test(
  'Tls_Scan_FindsNothingOldOrWeak',
  kTimeout,
  withTls(async ({ server }) => {
    const { status, out } = await outcome('sslscan', ['--xml=-', `localhost:${server.port}`]);
    assert.equal(status, 0, out);
    const all = (element) =>
      [...out.matchAll(new RegExp(`<${element} ([^>]*)/>`, 'g'))].map(([, text]) =>
        Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v])),
      );
    const enabled = all('protocol').filter((one) => one.enabled === '1');
    assert.deepEqual(
      enabled.map(({ type, version }) => `${type}${version}`),
      ['tls1.2', 'tls1.3'],
    );
    const ciphers = all('cipher');
    assert.ok(ciphers.length >= 4, out);
    for (const { cipher, strength } of ciphers) {
      assert.match(cipher, /^(TLS_AES|TLS_CHACHA20|ECDHE-ECDSA-.*(GCM|CHACHA20))/);
      assert.ok(['strong', 'acceptable'].includes(strength), `${cipher}: ${strength}`);
    }
    assert.deepEqual(all('renegotiation'), [{ supported: '0', secure: '0' }]);
    assert.ok(all('heartbleed').every((one) => one.vulnerable === '0'));
    assert.ok(all('compression').every((one) => one.supported === '0'));
  }),
);

test(
  'Tls_PageAndWebSocket_AreThereToo',
  kTimeout,
  withTls(async ({ server, certificates }, after) => {
    const ca = fs.readFileSync(certificates.ca);
    const request = https.get(`https://localhost:${server.port}/`, { ca, agent: false });
    const [response] = await ended(request, 'response');
    assert.equal(response.statusCode, 200);
    response.destroy();
    const lines = new Lines();
    const ws = new WebSocket(`wss://localhost:${server.port}/ws`, 'chat.v1', {
      ca,
      origin: `https://localhost:${server.port}`,
    });
    after(() => ws.terminate());
    ws.on('message', (data) => lines.add(data.toString()));
    await ended(ws, 'open');
    ws.send('HELLO:1:');
    await lines.next(/^WELCOME:/);
    ws.send('PING:x');
    await lines.next('PONG:x');
  }),
);

// Somebody with node's TLS.
async function connect(port, certificates) {
  const socket = tls.connect({
    port,
    host: 'localhost',
    ca: fs.readFileSync(certificates.ca),
  });
  socket.lines = new Lines();
  socket.on('data', (bytes) => {
    for (const line of bytes.toString().trim().split('\n')) {
      socket.lines.add(line);
    }
  });
  socket.on('error', (error) => socket.lines.add(`socket: ${error.message}`));
  await ended(socket, 'secureConnect');
  return socket;
}

async function nameOf(port, certificates) {
  const socket = await connect(port, certificates);
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return name;
}

test(
  'Tls_Hangup_ReadsTheCertificateAgainAndDropsNobody',
  kTimeout,
  withTls(async ({ server, certificates, files }, after) => {
    const alice = await connect(server.port, certificates);
    after(() => alice.destroy());
    alice.write('REGISTER:alice\n');
    await alice.lines.next('REGISTERED:alice');
    assert.equal(alice.getPeerCertificate().subject.CN, 'server1');
    const renewed = await certificates.issue();
    fs.renameSync(renewed.certificate, files.certificate);
    fs.renameSync(renewed.key, files.key);
    server.reload();
    await eventually(
      'new connections get the new certificate',
      async () => (await nameOf(server.port, certificates)) === 'server2',
      () => server.said.join('\n'),
    );
    alice.write('PING:still here\n');
    await alice.lines.next('PONG:still here');
    // Files that are of no use change nothing.
    fs.writeFileSync(files.certificate, 'no certificate\n');
    server.reload();
    await eventually('the server says why', () =>
      server.said.some((line) => /error the certificate stays as it was: /.test(line)),
    );
    assert.equal(await nameOf(server.port, certificates), 'server2');
    alice.write('PING:still\n');
    await alice.lines.next('PONG:still');
  }),
);

test('Tls_FilesThatAreOfNoUse_AreOneLineAndNoServer', kTimeout, async () => {
  const certificates = await Certificates.create();
  try {
    const good = await certificates.issue();
    const other = await certificates.issue();
    const nowhere = certificates.file('nowhere.pem');
    for (const [certificate, key, why] of [
      [nowhere, good.key, `cannot read ${nowhere}: `],
      [good.certificate, nowhere, `cannot read ${nowhere}: `],
      [good.certificate, other.key, `the key in ${other.key} is not that of the certificate in `],
      [good.key, good.key, `no certificate of use in ${good.key} `],
      [good.certificate, good.certificate, `no private key of use in ${good.certificate} `],
    ]) {
      const flags = Certificates.flags({ certificate, key });
      const where = ['--listen', 'localhost:0', '--data', certificates.file('data')];
      const { status, out } = await outcome(process.env.CHAT_SERVER, [...where, ...flags]);
      assert.equal(status, 1, out);
      assert.ok(out.startsWith(`chat-server: ${why}`), out);
      assert.equal(out.trim().split('\n').length, 1, out);
    }
  } finally {
    certificates.end();
  }
});

// Whoever must not be without a chat for a night gets one, and is told; clients decide for
// themselves.
test('Tls_ExpiredCertificate_IsWarnedOfAndRefusedByClients', kTimeout, async () => {
  const certificates = await Certificates.create();
  try {
    const expired = await certificates.issue(-1);
    await withServer(async (server) => {
      assert.ok(
        server.said.some((line) => /warning .*: the certificate has expired on /.test(line)),
        server.said.join('\n'),
      );
      const { status, out } = await sClient(server.port, certificates.ca, ['-brief']);
      assert.equal(status, 1, out);
      assert.match(out, /certificate has expired/);
    }, Certificates.flags(expired))();
  } finally {
    certificates.end();
  }
});
