// Runs the tests of the page in a real browser: installs what they need into a directory, once,
// and starts them.
// Usage: CHAT_SERVER=path/to/chat-server node tests/web/browser_tests.mjs DIRECTORY [ARGUMENT…]
//   the arguments are those of `node --test`; CHAT_CHROMIUM names the browser if it is not found.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { installModules } from './modules.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const [directory, ...options] = process.argv.slice(2);

function fail(text) {
  console.error(`browser_tests: ${text}`);
  process.exit(2);
}

function findBrowser() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const places = (process.env.PATH ?? '')
    .split(path.delimiter)
    .flatMap((place) => names.map((name) => path.join(place, name)));
  return process.env.CHAT_CHROMIUM ?? places.find((file) => fs.existsSync(file));
}

if (directory === undefined || process.env.CHAT_SERVER === undefined) {
  fail('usage: CHAT_SERVER=path/to/chat-server browser_tests.mjs DIRECTORY');
}
const browser =
  findBrowser() ?? fail('there is no Chromium: install it, or name it in CHAT_CHROMIUM');

installModules(directory);

const suites = fs
  .readdirSync(here)
  .filter((file) => file.endsWith('.browser.mjs'))
  .map((file) => path.join(here, file));
// One after the other: a browser is enough for a machine.
const tests = spawn(process.execPath, ['--test', '--test-concurrency=1', ...options, ...suites], {
  stdio: 'inherit',
  env: {
    ...process.env,
    CHAT_CHROMIUM: browser,
    CHAT_WEB_MODULES: path.resolve(directory),
    CHAT_SERVER: path.resolve(process.env.CHAT_SERVER),
  },
});
tests.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
