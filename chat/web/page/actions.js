// Does what a typed line asks for.

import { parseInput } from './commands.js';
import { buildLine } from './protocol.js';
import { actionText, linesOf, utf8Length } from './text.js';

const kLinesMax = 30;

// What stands in the way of sending the text, or null. All of it is sent or none.
export function problemOf(chat, conversation, text) {
  const lines = linesOf(text);
  const space = chat.talk.spaceIn(conversation);
  if (lines.length > kLinesMax) {
    return `That is ${lines.length} messages, and more than ${kLinesMax} at once are too many.`;
  }
  if (lines.some((line) => utf8Length(line) > space)) {
    return 'The message is too long.';
  }
  return conversation.isJoined ? null : `You are not in ${conversation.title}.`;
}

// Whether the text was taken; if not, a note says why. ui: {showHelp(), showRooms(), quit()}.
export function perform(chat, ui, text) {
  const conversation = chat.current;
  const lines = linesOf(text);
  if (lines.length === 1) {
    return performLine(chat, ui, conversation, lines[0]);
  }
  const problem = problemOf(chat, conversation, text);
  if (problem !== null) {
    chat.note(conversation, problem, 'error');
    return false;
  }
  return lines.every((line) => sayIn(chat, conversation, line));
}

function performLine(chat, ui, conversation, line) {
  const input = parseInput(line);
  const refuse = (why) => {
    chat.note(conversation, why, 'error');
    return false;
  };
  if (input.kind === 'unknown') {
    return refuse(
      `There is no command /${input.word}. /help shows all of them; what begins with ` +
        '// is said.',
    );
  }
  if (input.kind === 'usage') {
    return refuse(`It goes like this: ${input.usage}`);
  }
  return kActions[input.kind](chat, input, conversation, { ui, refuse });
}

function sayIn(chat, conversation, text) {
  const problem = problemOf(chat, conversation, text);
  if (problem !== null) {
    chat.note(conversation, problem, 'error');
    return false;
  }
  if (!chat.talk.say(conversation, text)) {
    chat.note(conversation, 'Too many messages wait to be sent.', 'error');
    return false;
  }
  return true;
}

// The room that is meant, or undefined.
function roomOf(chat, conversation, name) {
  const room = name === null ? conversation : chat.room(name);
  return room === undefined || room.isDirect ? undefined : room;
}

function inRoom(chat, conversation, refuse, action) {
  const room = roomOf(chat, conversation, null);
  if (room === undefined) {
    return refuse('That takes a room.');
  }
  action(room);
  return true;
}

function answer(chat, input, conversation, refuse) {
  const offered = chat.ordered().directs.filter((one) => one.chat === 'offered');
  const one =
    input.name === null
      ? (offered.find((other) => other === conversation) ?? offered[0])
      : chat.person(input.name);
  if (one === undefined || one.chat !== 'offered') {
    return refuse('Nobody waits for your answer.');
  }
  chat.privateChats.answer(one, input.kind === 'accept');
  chat.open(one);
  return true;
}

const kActions = {
  nothing: () => false,
  say: (chat, { text }, conversation) => sayIn(chat, conversation, text),
  me: (chat, { text }, conversation) => sayIn(chat, conversation, actionText(text)),
  join(chat, { room, key }) {
    chat.join(room, key);
    return true;
  },
  part(chat, { room: name }, conversation, { refuse }) {
    const room = roomOf(chat, conversation, name);
    if (room === undefined || room === chat.lobby) {
      return refuse(
        room === undefined ? 'You are not in that room.' : 'Everybody is in the lobby.',
      );
    }
    chat.close(room);
    return true;
  },
  msg(chat, { name, text }) {
    const direct = chat.addDirect(name);
    chat.open(direct);
    return text === '' || sayIn(chat, direct, text);
  },
  topic: (chat, { text }, conversation, { refuse }) =>
    inRoom(chat, conversation, refuse, (room) => {
      if (text === null) {
        const topic = room.topic?.text ?? '';
        chat.note(room, topic === '' ? 'No topic is set.' : `Topic: ${topic} (${room.topic.by})`);
      } else {
        chat.command(room, buildLine('TOPIC', room.name, text));
      }
    }),
  names(chat, { room: name }, conversation) {
    const room = name ?? (conversation.isDirect ? 'lobby' : conversation.name);
    chat.askPeople(
      room,
      (people) => {
        chat.note(
          conversation,
          `In #${room}: ${people.length === 0 ? 'nobody' : people.join(', ')}`,
        );
      },
      (error) => chat.note(conversation, error, 'error'),
    );
    return true;
  },
  list(chat, input, conversation, { ui }) {
    ui.showRooms();
    return true;
  },
  request(chat, { name }) {
    const direct = chat.addDirect(name);
    chat.open(direct);
    chat.privateChats.request(direct);
    return true;
  },
  accept: (chat, input, conversation, { refuse }) => answer(chat, input, conversation, refuse),
  decline: (chat, input, conversation, { refuse }) => answer(chat, input, conversation, refuse),
  leave(chat, input, conversation) {
    const open = chat.ordered().directs.find((one) => one.chat === 'open');
    chat.privateChats.leave(open ?? conversation);
    return true;
  },
  invite(chat, { name, room: other }, conversation, { refuse }) {
    const room = roomOf(chat, conversation, other);
    if (room === undefined) {
      return refuse('That takes a room that you are in.');
    }
    chat.command(conversation, buildLine('INVITE', room.name, name));
    return true;
  },
  kick: (chat, { name, reason }, conversation, { refuse }) =>
    inRoom(chat, conversation, refuse, (room) =>
      chat.command(room, buildLine('KICK', room.name, name, reason)),
    ),
  mode: (chat, { changes }, conversation, { refuse }) =>
    inRoom(chat, conversation, refuse, (room) =>
      chat.command(
        room,
        changes === '' ? buildLine('MODE', room.name) : buildLine('MODE', room.name, changes),
      ),
    ),
  help(chat, input, conversation, { ui }) {
    ui.showHelp();
    return true;
  },
  quit(chat, input, conversation, { ui }) {
    ui.quit();
    return true;
  },
};
