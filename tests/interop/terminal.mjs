// Programs of people in a terminal: each in a window of a tmux server of the test's own.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { eventually } from './bench.mjs';

const run = promisify(execFile);

export class Terminals {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-tmux-test-'));
  #server = null;

  // A tmux server in the foreground, to be ended by its process.
  async start() {
    this.#server = spawn('tmux', [...this.#where(), '-D', '-f', '/dev/null'], { stdio: 'ignore' });
    await eventually('tmux is there', () => fs.existsSync(path.join(this.directory, 'socket')));
    // Without a session it would end; what it is for comes in front of it.
    await this.tmux('new-session', '-d', '-s', 'none', 'cat');
    // What a program said last stays to be read.
    await this.tmux('set-option', '-g', 'remain-on-exit', 'on');
  }

  #where() {
    return ['-S', path.join(this.directory, 'socket')];
  }

  async tmux(...command) {
    return (await run('tmux', [...this.#where(), ...command])).stdout;
  }

  // Somebody's terminal with this program in it; %h in an option is a directory of its own.
  async open(name, program, options) {
    const home = path.join(this.directory, name);
    fs.mkdirSync(home);
    const environment = [
      '-e',
      `HOME=${home}`,
      '-e',
      'LC_ALL=C.UTF-8',
      '-e',
      'TERM=screen-256color',
    ];
    const size = ['-x', '150', '-y', '50'];
    const command = [program, ...options.map((option) => option.replace('%h', home))];
    await this.tmux('new-session', '-d', '-s', name, ...size, ...environment, '--', ...command);
    return new Terminal(this, name);
  }

  async end() {
    if (this.#server.exitCode === null) {
      await this.#endPrograms();
      const ended = once(this.#server, 'exit');
      this.#server.kill('SIGTERM');
      await ended;
    }
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  // Before tmux ends: they would tidy up where their files are just being removed.
  async #endPrograms() {
    const panes = async () =>
      (await this.tmux('list-panes', '-a', '-F', '#{pane_dead} #{pane_pid}'))
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
    for (const [isDead, pid] of await panes()) {
      if (isDead === '0') {
        process.kill(Number(pid), 'SIGKILL');
      }
    }
    await eventually('the programs have ended', async () =>
      (await panes()).every(([isDead]) => isDead === '1'),
    );
  }
}

export class Terminal {
  #terminals;
  #name;

  constructor(terminals, name) {
    this.#terminals = terminals;
    this.#name = name;
  }

  async type(text) {
    await this.#terminals.tmux('send-keys', '-t', this.#name, '-l', text);
    await this.#terminals.tmux('send-keys', '-t', this.#name, 'Enter');
  }

  // What is on the screen.
  screen() {
    return this.#terminals.tmux('capture-pane', '-p', '-t', this.#name);
  }

  shows(wanted) {
    const fits = (screen) =>
      wanted instanceof RegExp ? wanted.test(screen) : screen.includes(wanted);
    return eventually(
      `${wanted} on the screen of ${this.#name}`,
      async () => fits(await this.screen()),
      () => this.screen(),
    );
  }
}
