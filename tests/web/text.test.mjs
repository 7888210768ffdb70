import assert from 'node:assert/strict';
import test from 'node:test';

import { safeHref, splitLinks } from '../../chat/web/page/links.js';
import {
  actionText,
  linesOf,
  mentions,
  shorten,
  splitAction,
  utf8Length,
  visible,
} from '../../chat/web/page/text.js';
import { fold, isName, sameName } from '../../chat/web/page/names.js';

test('Text_ControlCharacters_AreShownAsPictures', () => {
  assert.equal(visible('a\x07b\x1b[31mc\x7f'), 'a␇b␛[31mc␡');
  assert.equal(visible('\x85\x9b'), '��');
  assert.equal(visible('a\tb\u2028c'), 'a b c');
  for (let code = 0; code < 0xa0; ++code) {
    const shown = visible(`x${String.fromCharCode(code)}y`);
    assert.doesNotMatch(shown, /[\x00-\x1f\x7f-\x9f]/, `control ${code}`);
  }
});

test('Text_DirectionOverrides_AreShownAndNotObeyed', () => {
  assert.equal(visible('a\u202egpj.exe\u202c'), 'a�gpj.exe�');
  assert.doesNotMatch(
    visible('\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d'),
    /[\u202a-\u202e\u2066-\u2069]/,
  );
});

test('Text_FormatsOfIrc_AreLeftOut', () => {
  assert.equal(
    visible('\x02bold\x02 \x0304,12red\x03 \x1ditalic\x0f \x04ff0000hex'),
    'bold red italic hex',
  );
});

test('Text_OtherScripts_ArriveUnharmed', () => {
  const text = 'žluťoučký עברית العربية 漢字 👩‍👩‍👧 é';
  assert.equal(visible(text), text);
});

test('Text_Actions_AreTakenApartAndBuilt', () => {
  assert.deepEqual(splitAction('\x01ACTION waves\x01'), { action: true, text: 'waves' });
  assert.deepEqual(splitAction('\x01ACTION waves'), { action: true, text: 'waves' });
  assert.deepEqual(splitAction('\x01VERSION\x01'), { action: false, text: '\x01VERSION\x01' });
  assert.deepEqual(splitAction('ACTION waves'), { action: false, text: 'ACTION waves' });
  assert.deepEqual(splitAction(actionText('a')), { action: true, text: 'a' });
});

test('Text_Mentions_AreWholeWords', () => {
  for (const text of ['alice', 'hi Alice!', '@alice: look', '(alice)', 'ALICE?', 'für alice…']) {
    assert.ok(mentions(text, 'alice'), text);
  }
  for (const text of ['alices', 'malice', 'alice_2', 'x-alice', 'alice-b', '']) {
    assert.ok(!mentions(text, 'alice'), text);
  }
  assert.ok(!mentions('anything', ''));
});

test('Text_Length_IsThatOfTheBytes', () => {
  assert.equal(utf8Length('aé漢😀'), 1 + 2 + 3 + 4);
  assert.equal(utf8Length('\ud800'), 3); // what a socket makes of half a character
});

test('Text_WhatWasPasted_BecomesLines', () => {
  assert.deepEqual(linesOf('a\r\nb\rc\n\n  \nd\0'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(linesOf(' '), []);
});

test('Text_Shortened_NeverCutsACharacter', () => {
  assert.equal(shorten('abc', 3), 'abc');
  assert.equal(shorten('abcd', 3), 'ab…');
  assert.equal(shorten('😀😀😀😀', 3), '😀😀…');
});

function hrefs(text) {
  const parts = splitLinks(text);
  assert.equal(parts.map((part) => part.text).join(''), text, 'nothing is lost');
  return parts.filter((part) => part.href !== undefined).map((part) => part.text);
}

test('Links_InASentence_EndWhereTheyShould', () => {
  assert.deepEqual(hrefs('see https://example.org/a, or (http://b.example/x_(y)).'), [
    'https://example.org/a',
    'http://b.example/x_(y)',
  ]);
  assert.deepEqual(hrefs('<https://example.org/?q=1&r=2#s>!'), ['https://example.org/?q=1&r=2#s']);
  assert.deepEqual(hrefs('https://a.example https://b.example'), [
    'https://a.example',
    'https://b.example',
  ]);
});

test('Links_ThatAreNotOfTheWeb_StayText', () => {
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'ftp://a.example',
    'https://',
    'http://?',
    'xhttps://a.example',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    'https://bank.example@evil.example/',
    'https://user:pass@a.example',
    'https://[',
    'www.example.org',
  ]) {
    assert.deepEqual(hrefs(text), [], text);
  }
});

test('Links_EndBeforeWhatWouldTurnThem', () => {
  assert.deepEqual(hrefs('https://a.example/\u202egpj.exe'), ['https://a.example/']);
  assert.deepEqual(hrefs('https://a.example/\u200bx'), ['https://a.example/']);
});

test('Links_LeadWhereABrowserWouldGo', () => {
  assert.equal(safeHref('https://bücher.example/ä'), 'https://xn--bcher-kva.example/%C3%A4');
  assert.equal(safeHref(`https://a.example/${'a'.repeat(3000)}`), null);
});

test('Links_OfAnyLength_TakeLittleTime', () => {
  const text = `https://a.example/${'('.repeat(2000)}${')'.repeat(2000)}...`;
  assert.equal(hrefs(text).length, 0);
  hrefs('http://'.repeat(600));
  hrefs(`https://a.example/${'.'.repeat(4000)}`);
});

test('Names_AreTheSameInSmallAndCapitalLettersOfAscii', () => {
  assert.ok(sameName('Alice', 'aLICE'));
  assert.equal(fold('ÄB'), 'Äb');
  assert.ok(isName('_a-1'));
  for (const text of ['', '1a', '-a', 'a b', 'é', 'a'.repeat(33), 'a:b']) {
    assert.ok(!isName(text), text);
  }
});
