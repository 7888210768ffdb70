// What the tests use of other people's programs for node, in the versions that package-lock.json
// names: installed into a directory, once.
// Usage: node tests/web/modules.mjs DIRECTORY

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

export function installModules(directory) {
  const wanted = fs.readFileSync(path.join(here, 'package-lock.json'), 'utf8');
  const installed = path.join(directory, 'installed');
  if (fs.existsSync(installed) && fs.readFileSync(installed, 'utf8') === wanted) {
    return;
  }
  fs.mkdirSync(directory, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) {
    fs.copyFileSync(path.join(here, file), path.join(directory, file));
  }
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['ci', ...options], { cwd: directory, stdio: 'inherit' });
  fs.writeFileSync(installed, wanted);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.length !== 3) {
    console.error('usage: node modules.mjs DIRECTORY');
    process.exit(2);
  }
  installModules(process.argv[2]);
}
