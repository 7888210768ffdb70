// Finds what can be clicked in a text. Pure: the view makes DOM nodes of it.

const kCandidate =
  /\bhttps?:\/\/[^\s<>"\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]+/gi;
const kTrailing = /[.,;:!?'*_~…]$/;
const kBrackets = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);
const kLengthMax = 2048;

function count(text, character) {
  return text.split(character).length - 1;
}

// Points behind a link belong to the sentence, and so does a bracket that was not opened in it.
function trimEnd(link) {
  while (link !== '') {
    const last = link.at(-1);
    const opening = kBrackets.get(last);
    const isStray = opening !== undefined && count(link, last) > count(link, opening);
    if (!isStray && !kTrailing.test(link)) {
      break;
    }
    link = link.slice(0, -1);
  }
  return link;
}

// The address a link may lead to; null for what should stay text. A name in front of the host
// would be taken for the host ("https://bank.example@evil.example").
export function safeHref(text) {
  if (text.length > kLengthMax) {
    return null;
  }
  try {
    const url = new URL(text);
    const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
    return isWeb && url.hostname !== '' && url.username === '' && url.password === ''
      ? url.href
      : null;
  } catch {
    return null;
  }
}

// The text in parts, in order: {text} or {text, href}. All parts put together are the text.
export function splitLinks(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(kCandidate)) {
    const link = trimEnd(match[0]);
    const href = safeHref(link);
    if (href === null) {
      continue;
    }
    if (match.index > done) {
      parts.push({ text: text.slice(done, match.index) });
    }
    parts.push({ text: link, href });
    done = match.index + link.length;
  }
  if (done < text.length) {
    parts.push({ text: text.slice(done) });
  }
  return parts;
}
