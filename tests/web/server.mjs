// A chat-server with a directory of its own, on one port for as long as a test lasts. The program
// is the one that CHAT_SERVER names.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

export class Server {
  #directory = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-web-test-'));
  #options;
  #child = null;
  // What it has written, a line each.
  said = [];
  port = 0;

  constructor(options = []) {
    this.#options = options;
  }

  async start() {
    const where = ['--listen', `localhost:${this.port}`, '--data', this.#directory];
    this.#child = spawn(process.env.CHAT_SERVER, [...where, ...this.#options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const lines = readline.createInterface({ input: this.#child.stderr });
    this.port = await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        this.said.push(line);
        const match = /listening on 127\.0\.0\.1:(\d+)/.exec(line);
        if (match !== null) {
          resolve(Number(match[1]));
        }
      });
      lines.on('close', () => {
        reject(new Error(`the server did not come up: ${this.said.join('\n')}`));
      });
    });
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  // Reads its certificate again.
  reload() {
    this.#child.kill('SIGHUP');
  }

  // Asks it to end, which it does by itself.
  stop() {
    return this.kill('SIGTERM');
  }

  async kill(signal = 'SIGKILL') {
    if (this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return;
    }
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  async end() {
    await this.kill();
    fs.rmSync(this.#directory, { recursive: true, force: true });
  }
}
