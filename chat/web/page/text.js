// What others have written, made fit to be shown, and what we write, measured. Pure.

const kEncoder = new TextEncoder();

// What IRC clients put into texts for bold, colours and the like: nothing is lost without it.
const kIrcFormats =
  /\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6})?|[\x02\x0f\x11\x16\x1d\x1e\x1f]/g;
const kLineBreaks = /[\t\u2028\u2029]/g;
// Control characters, and those that turn the direction of what stands around them.
const kControls = /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
const kAction = /^\x01ACTION (.*?)\x01?$/s;

export function utf8Length(text) {
  return kEncoder.encode(text).length;
}

function pictureOf(control) {
  const code = control.charCodeAt(0);
  if (code < 0x20) {
    return String.fromCharCode(0x2400 + code);
  }
  return code === 0x7f ? '\u2421' : '\ufffd';
}

// The text without anything that a screen would obey instead of show.
export function visible(text) {
  return text.replace(kIrcFormats, '').replace(kLineBreaks, ' ').replace(kControls, pictureOf);
}

// People on IRC say what they do as \x01ACTION waves\x01.
export function splitAction(text) {
  const match = kAction.exec(text);
  return match === null ? { action: false, text } : { action: true, text: match[1] };
}

export function actionText(text) {
  return `\x01ACTION ${text}\x01`;
}

// Whether the text has the name as a word of its own.
export function mentions(text, name) {
  if (name === '') {
    return false;
  }
  return new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'i').test(text);
}

// A line of the protocol is one line: what was pasted becomes several messages. NUL has no place in
// them at all.
export function linesOf(text) {
  return text
    .replaceAll('\0', '')
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== '');
}

// The first characters of a text, for places where there is no room for all of it.
export function shorten(text, lengthMax) {
  const characters = Array.from(text.slice(0, lengthMax * 2 + 2));
  return characters.length <= lengthMax
    ? characters.join('')
    : `${characters.slice(0, lengthMax - 1).join('')}…`;
}
