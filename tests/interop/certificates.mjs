// An authority of a test's own and certificates for localhost that it signs, made with openssl, in
// a directory that goes with it.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const kNewKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Certificates {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-tls-test-'));
  ca = this.file('ca.pem');
  #issued = 0;

  static async create() {
    const one = new Certificates();
    const files = ['-keyout', one.file('ca.key'), '-out', one.ca];
    await run('openssl', ['req', '-x509', ...kNewKey, ...files, '-subj', '/CN=test authority']);
    return one;
  }

  file(name) {
    return path.join(this.directory, name);
  }

  // {certificate, key}: names of files. Less than no days: it has expired.
  async issue(days = 2) {
    const name = `server${++this.#issued}`;
    const [certificate, key, wish] = ['pem', 'key', 'csr'].map((end) =>
      this.file(`${name}.${end}`),
    );
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const subject = ['-subj', `/CN=${name}`];
    await run('openssl', ['req', ...kNewKey, ...subject, ...names, '-keyout', key, '-out', wish]);
    const signer = ['-CA', this.ca, '-CAkey', this.file('ca.key'), '-copy_extensions', 'copy'];
    const of = ['-in', wish, '-out', certificate, '-days', `${days}`];
    await run('openssl', ['x509', '-req', ...signer, ...of]);
    return { certificate, key };
  }

  // What the server is started with.
  static flags({ certificate, key }) {
    return ['--tls-cert', certificate, '--tls-key', key];
  }

  end() {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
