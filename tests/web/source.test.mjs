// What can be said about the page from its text: no way for markup or inline code to get in, nothing
// from elsewhere, nothing left over, and colours that can be read.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const root = new URL('../../chat/web/page/', import.meta.url);

function filesIn(directory, prefix = '') {
  return fs
    .readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory()
        ? filesIn(new URL(`${entry.name}/`, directory), `${prefix}${entry.name}/`)
        : [prefix + entry.name],
    );
}

const files = filesIn(root);
const text = (file) => fs.readFileSync(new URL(file, root), 'utf8');
const scripts = files.filter((file) => file.endsWith('.js'));
const html = text('index.html');

test('Source_Scripts_NeverMakeMarkupOfText', () => {
  const sinks = new RegExp(
    [
      'innerHTML',
      'outerHTML',
      'insertAdjacentHTML',
      'document\\.write',
      '\\beval\\(',
      'new Function',
      'DOMParser',
      'createContextualFragment',
      'srcdoc',
      'setHTML',
      "'style'",
      'cssText',
      'set(Timeout|Interval)\\([\'"`]',
    ].join('|'),
  );
  for (const file of scripts) {
    assert.doesNotMatch(text(file), sinks, file);
  }
});

test('Source_Page_HasNothingInline', () => {
  assert.doesNotMatch(html, /\sstyle\s*=/i);
  assert.doesNotMatch(html, /<style/i);
  assert.doesNotMatch(html, /\son[a-z]+\s*=/i);
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/i);
  assert.doesNotMatch(html, /javascript:/i);
});

test('Source_Files_AreAllOfThePageAndAllAreUsed', () => {
  const used = new Set(['index.html']);
  const use = (file, from) => {
    const target = path.posix.normalize(path.posix.join(path.posix.dirname(from), file));
    assert.ok(files.includes(target), `${from} wants ${file}`);
    if (!used.has(target)) {
      used.add(target);
      const imports = target.endsWith('.js') ? text(target).matchAll(/from '([^']+)'/g) : [];
      [...imports].forEach(([, name]) => {
        assert.match(name, /^\.{1,2}\//, `${target} imports ${name}`);
        use(name, target);
      });
    }
  };
  for (const [, file] of html.matchAll(/\s(?:src|href)="([^"#]+)"/g)) {
    use(file, 'index.html');
  }
  JSON.parse(text('manifest.webmanifest')).icons.forEach((icon) => use(icon.src, 'index.html'));
  assert.deepEqual(
    files.filter((file) => !used.has(file)),
    [],
  );
  for (const file of files.filter((name) => name.endsWith('.css'))) {
    assert.doesNotMatch(text(file), /url\(|@import/, file);
  }
});

test('Source_ModulesOfThePage_AreFetchedAtOnce', () => {
  const preloaded = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)]
    .map(([, file]) => file)
    .sort();
  assert.deepEqual(
    preloaded,
    scripts.filter((file) => !['main.js', 'theme.js'].includes(file)).sort(),
  );
});

test('Source_Identifiers_AreThere', () => {
  const ids = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
  assert.equal(ids.size, [...html.matchAll(/\sid="/g)].length, 'each is there once');
  for (const file of scripts) {
    for (const [, id] of text(file).matchAll(/byId\('([^']+)'\)/g)) {
      assert.ok(ids.has(id), `${file}: ${id}`);
    }
    for (const [, name] of text(file).matchAll(/\bicon\('([^']+)'\)/g)) {
      assert.ok(ids.has(`i-${name}`), `${file}: icon ${name}`);
    }
  }
  for (const [, list] of html.matchAll(
    /\s(?:for|aria-(?:labelledby|describedby|controls))="([^"]+)"/g,
  )) {
    list.split(' ').forEach((id) => assert.ok(ids.has(id), id));
  }
});

// --- Colours

function coloursOf(selector) {
  const css = text('colours.css');
  const begin = css.indexOf(`${selector} {`);
  const block = css.slice(begin, css.indexOf('}', begin));
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]),
  );
}

function luminance(colour) {
  const [r, g, b] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

// Text, and what it stands on.
const kPairs = {
  ink: [
    'page',
    'side',
    'raised',
    'hover',
    'chosen',
    'mention-page',
    'error-page',
    'warn-page',
    'line',
  ],
  soft: ['page', 'side', 'raised', 'hover', 'chosen', 'mention-page', 'error-page'],
  accent: ['page', 'side', 'raised', 'mention-page', 'error-page'],
  'accent-ink': ['accent', 'accent-hover'],
  'urgent-ink': ['urgent'],
  error: ['page', 'raised', 'error-page'],
  new: ['page'],
  'avatar-ink': [0, 1, 2, 3, 4, 5, 6, 7].map((hue) => `hue-${hue}`),
};

for (const [theme, selector] of [
  ['light', ':root'],
  ['dark', ":root[data-theme='dark']"],
]) {
  test(`Source_Colours_CanBeRead_${theme}`, () => {
    const colours = coloursOf(selector);
    for (const [front, backs] of Object.entries(kPairs)) {
      for (const back of backs) {
        const ratio = contrast(colours[front], colours[back]);
        assert.ok(ratio >= 4.5, `${front} on ${back}: ${ratio.toFixed(2)}`);
      }
    }
  });
}
