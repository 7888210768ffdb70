// The native protocol (chat/PROTOCOL.md): lines of the server taken apart, lines of ours put
// together. Pure.

// How many fields a verb has. The last one is the raw rest of the line where it is text; elsewhere
// what a newer server puts behind it is left out.
const kShapes = new Map([
  ['WELCOME', { fields: 3, text: true }],
  ['REGISTERED', { fields: 1 }],
  ['SESSION', { fields: 1 }],
  ['RESUMED', { fields: 1 }],
  ['ACK', { fields: 2 }],
  ['GAP', { fields: 2 }],
  ['MESSAGE', { fields: 2, text: true }],
  ['DIRECT', { fields: 2, text: true }],
  ['ROOM_MESSAGE', { fields: 3, text: true }],
  ['TOPIC', { fields: 3, text: true }],
  ['CLIENT_LIST', { fields: 1 }],
  ['ROOM_LIST', { fields: 1 }],
  ['END', { fields: 1, text: true }],
  ['JOINED', { fields: 1 }],
  ['PARTED', { fields: 1 }],
  ['REQUEST', { fields: 1 }],
  ['PONG', { fields: 1, text: true }],
  ['BYE', { fields: 1, text: true }],
  ['ERROR', { fields: 3, text: true }],
  ['MODES', { fields: 2, text: true }],
  ['STATUS:JOINED', { fields: 2 }],
  ['STATUS:LEFT', { fields: 2 }],
  ['STATUS:CHAT_STARTED', { fields: 1 }],
  ['STATUS:CHAT_ENDED', { fields: 1 }],
  ['STATUS:CHAT_DECLINED', { fields: 1 }],
  ['STATUS:CHAT_EXPIRED', { fields: 1 }],
  ['STATUS:KICKED', { fields: 3, text: true }],
  ['STATUS:INVITED', { fields: 2 }],
  ['STATUS:RENAMED', { fields: 2 }],
  ['STATUS:MODE', { fields: 3, text: true }],
]);

const kDeliveries = new Set(['MESSAGE', 'DIRECT', 'ROOM_MESSAGE', 'TOPIC']);

export function isDelivery(line) {
  return kDeliveries.has(line.verb) && line.id !== null;
}

function parseNumber(text) {
  const number = /^\d{1,16}$/.test(text ?? '') ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : null;
}

function parseTags(text) {
  const tags = {};
  for (const tag of text.split(';')) {
    const equals = tag.indexOf('=');
    if (equals > 0) {
      tags[tag.slice(0, equals)] = tag.slice(equals + 1);
    }
  }
  return tags;
}

function splitFields(rest, shape) {
  const fields = [];
  for (let i = 1; i < shape.fields || (i === shape.fields && !shape.text); ++i) {
    const colon = rest.indexOf(':');
    fields.push(colon < 0 ? rest : rest.slice(0, colon));
    rest = colon < 0 ? '' : rest.slice(colon + 1);
  }
  if (shape.text) {
    fields.push(rest);
  }
  return fields;
}

// One line of the server, without its line end:
//   verb      with its kind for a STATUS, as in 'STATUS:JOINED'; null: unknown, to be ignored
//   fields    as many as the verb has
//   id        the number of a delivery, of what an ACK is about, of the last one of a GAP; or null
//   first     the first number of a GAP
//   clientId  how we called what an ACK or an ERROR answers; or null
//   ts, room, to   of the tags; null without
export function parseLine(text) {
  let tags = {};
  if (text.startsWith('@')) {
    const space = text.indexOf(' ');
    tags = parseTags(text.slice(1, space < 0 ? text.length : space));
    text = space < 0 ? '' : text.slice(space + 1);
  }
  let colon = text.indexOf(':');
  if (text.startsWith('STATUS:')) {
    colon = text.indexOf(':', colon + 1);
  }
  const name = colon < 0 ? text : text.slice(0, colon);
  const shape = kShapes.get(name);
  const line = {
    verb: null,
    fields: [],
    id: null,
    first: null,
    clientId: null,
    ts: parseNumber(tags.ts),
    room: tags.room ?? null,
    to: tags.to ?? null,
  };
  if (shape === undefined) {
    return line;
  }
  line.verb = name;
  line.fields = splitFields(colon < 0 ? '' : text.slice(colon + 1), shape);
  assignIds(line, tags.id);
  return line;
}

// The tag "id" is the server's number before a delivery and our own word before an ERROR.
function assignIds(line, tag) {
  if (line.verb === 'ERROR') {
    line.clientId = tag ?? null;
  } else if (line.verb === 'ACK') {
    line.clientId = line.fields[0];
    line.id = parseNumber(line.fields[1]);
  } else if (line.verb === 'GAP') {
    line.first = parseNumber(line.fields[0]);
    line.id = parseNumber(line.fields[1]);
  } else if (kDeliveries.has(line.verb)) {
    line.id = parseNumber(tag);
  }
}

// What a delivery says: who, where and what. room is null for a private message.
export function deliveryOf(line) {
  const fields = line.fields;
  switch (line.verb) {
    case 'MESSAGE':
      return { room: line.room ?? 'lobby', sender: fields[0], text: fields[1], kind: 'text' };
    case 'DIRECT':
      return { room: null, sender: fields[0], to: line.to, text: fields[1], kind: 'text' };
    case 'TOPIC':
      return { room: fields[0], sender: fields[1], text: fields[2], kind: 'topic' };
    default:
      return { room: fields[0], sender: fields[1], text: fields[2], kind: 'text' };
  }
}

// The limits of a WELCOME, as in "line=4096,name=32,room=64,rooms=32".
export function parseLimits(text) {
  const limits = { line: 4096, name: 32, room: 64, rooms: 32 };
  for (const item of text.split(',')) {
    const [key, value] = item.split('=');
    const number = parseNumber(value);
    if (Object.hasOwn(limits, key) && number > 0) {
      limits[key] = number;
    }
  }
  return limits;
}

// "lobby=12,dev=3"
export function parseRooms(text) {
  return splitList(text)
    .map((item) => {
      const equals = item.lastIndexOf('=');
      return { name: item.slice(0, equals), people: parseNumber(item.slice(equals + 1)) ?? 0 };
    })
    .filter((room) => room.name !== '');
}

export function splitList(text) {
  return text === '' ? [] : text.split(',');
}

// verb and fields as a line. REQUIRES: no field holds a line end or a NUL, and none but the last
// one a colon.
export function buildLine(verb, ...fields) {
  return [verb, ...fields].join(':');
}

export function withId(clientId, line) {
  return `@id=${clientId} ${line}`;
}
