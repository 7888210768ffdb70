// What a typed line asks for, and what could be meant by a line begun. Pure.

import { fold, isName, kRoomLengthMax } from './names.js';

// In the order in which they are shown.
export const kCommands = [
  { name: 'join', usage: '/join room [key]', help: 'go to a room, or make one' },
  { name: 'part', usage: '/part [room]', help: 'leave a room' },
  { name: 'msg', usage: '/msg name text', help: 'say something to one person' },
  { name: 'me', usage: '/me does something', help: 'say what you do' },
  { name: 'topic', usage: '/topic [text]', help: 'show or set what a room is about' },
  { name: 'names', usage: '/names [room]', help: 'who is in a room' },
  { name: 'list', usage: '/list', help: 'which rooms there are' },
  { name: 'request', usage: '/request name', help: 'ask somebody for a private chat' },
  { name: 'accept', usage: '/accept [name]', help: 'take up a private chat' },
  { name: 'decline', usage: '/decline [name]', help: 'turn down a private chat' },
  { name: 'leave', usage: '/leave', help: 'end the private chat' },
  { name: 'invite', usage: '/invite name [room]', help: 'ask somebody into a room' },
  { name: 'kick', usage: '/kick name [reason]', help: 'put somebody out of this room' },
  { name: 'mode', usage: '/mode [changes]', help: 'show or change how this room works' },
  { name: 'help', usage: '/help', help: 'commands and keys' },
  { name: 'quit', usage: '/quit', help: 'leave the chat' },
];

const kAliases = new Map([
  ['j', 'join'],
  ['leaveroom', 'part'],
  ['query', 'msg'],
  ['w', 'msg'],
  ['who', 'names'],
  ['rooms', 'list'],
  ['?', 'help'],
  ['exit', 'quit'],
]);

function roomOf(word) {
  return word.startsWith('#') ? word.slice(1) : word;
}

function splitWord(text) {
  const trimmed = text.trimStart();
  const space = trimmed.search(/\s/);
  return space < 0
    ? [trimmed, '']
    : [trimmed.slice(0, space), trimmed.slice(space + 1).trimStart()];
}

// Each takes what is behind the command and returns what it asks for; null: it can't be meant so.
// A room that is not named is the one that is open.
const kParsers = {
  join(rest) {
    const [word, key] = splitWord(rest);
    const room = roomOf(word);
    const isRight = isName(room, kRoomLengthMax) && !/\s/.test(key.trimEnd());
    return isRight ? { kind: 'join', room, key: key.trimEnd() } : null;
  },
  part: (rest) => roomAction('part', rest),
  msg(rest) {
    const [name, text] = splitWord(rest);
    return isName(name) ? { kind: 'msg', name, text } : null;
  },
  me: (rest) => (rest === '' ? null : { kind: 'me', text: rest }),
  topic: (rest) => ({ kind: 'topic', text: rest === '' ? null : rest }),
  names: (rest) => roomAction('names', rest),
  list: () => ({ kind: 'list' }),
  request: (rest) => nameAction('request', rest, false),
  accept: (rest) => nameAction('accept', rest, true),
  decline: (rest) => nameAction('decline', rest, true),
  leave: () => ({ kind: 'leave' }),
  invite(rest) {
    const [name, word] = splitWord(rest);
    const room = roomOf(word.trimEnd());
    const isRight = isName(name) && (room === '' || isName(room, kRoomLengthMax));
    return isRight ? { kind: 'invite', name, room: room === '' ? null : room } : null;
  },
  kick(rest) {
    const [name, reason] = splitWord(rest);
    return isName(name) ? { kind: 'kick', name, reason } : null;
  },
  mode: (rest) => ({ kind: 'mode', changes: rest.trim() }),
  help: () => ({ kind: 'help' }),
  quit: () => ({ kind: 'quit' }),
};

function roomAction(kind, rest) {
  const room = roomOf(rest.trim());
  if (room === '') {
    return { kind, room: null };
  }
  return isName(room, kRoomLengthMax) ? { kind, room } : null;
}

function nameAction(kind, rest, isOptional) {
  const name = rest.trim();
  if (name === '' && isOptional) {
    return { kind, name: null };
  }
  return isName(name) ? { kind, name } : null;
}

// One typed line. What begins with "/" is a command, what begins with "//" is said with one "/".
export function parseInput(line) {
  if (!line.startsWith('/')) {
    return line.trim() === '' ? { kind: 'nothing' } : { kind: 'say', text: line };
  }
  if (line.startsWith('//')) {
    return { kind: 'say', text: line.slice(1) };
  }
  const [word, rest] = splitWord(line.slice(1));
  const typed = fold(word);
  const name = kAliases.get(typed) ?? typed;
  const command = kCommands.find((one) => one.name === name);
  if (command === undefined) {
    return { kind: 'unknown', word };
  }
  return kParsers[name](rest) ?? { kind: 'usage', usage: command.usage };
}

const kRoomCommands = /^\/(?:join|j|part|names|who)\s+#?\S*$/i;

// How the word before the cursor could go on: where it starts and what could stand there instead,
// each with what it is for a list to choose from.
export function complete(beforeCursor, { names, rooms }) {
  const command = /^\/([A-Za-z?]*)$/.exec(beforeCursor);
  if (command !== null) {
    const begun = fold(command[1]);
    const candidates = kCommands
      .filter((one) => one.name.startsWith(begun))
      .map((one) => ({ insert: `/${one.name} `, label: one.usage, help: one.help }));
    return { start: 0, candidates };
  }
  const word = /\S*$/.exec(beforeCursor)[0];
  const start = beforeCursor.length - word.length;
  if (kRoomCommands.test(beforeCursor)) {
    const begun = fold(roomOf(word));
    const candidates = rooms
      .filter((room) => fold(room).startsWith(begun))
      .map((room) => ({ insert: `${room} `, label: `#${room}`, help: '' }));
    return { start, candidates };
  }
  const begun = fold(word.startsWith('@') ? word.slice(1) : word);
  if (begun === '') {
    return { start, candidates: [] };
  }
  const behind = start === 0 ? ': ' : ' ';
  const candidates = names
    .filter((name) => fold(name).startsWith(begun))
    .map((name) => ({ insert: name + behind, label: name, help: '' }));
  return { start, candidates };
}
