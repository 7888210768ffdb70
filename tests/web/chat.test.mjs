import assert from 'node:assert/strict';
import test from 'node:test';

import { perform } from '../../chat/web/page/actions.js';
import { Chat } from '../../chat/web/page/chat.js';
import { SimulatedClock } from './fake_server.mjs';
import { kWelcome, ScriptedSockets } from './scripted_socket.mjs';

// A chat whose server is the test: alice, who has just come in.
class Bench {
  constructor() {
    this.clock = new SimulatedClock();
    this.sockets = new ScriptedSockets();
    this.told = [];
    const tell =
      (what) =>
      (...details) =>
        this.told.push([what, ...details]);
    this.chat = new Chat({
      clock: this.clock,
      random: () => 0.5,
      openSocket: this.sockets.open,
      storage: { load: () => null, save() {} },
      view: {
        changed() {},
        news: tell('news'),
        offer: tell('offer'),
        invitation: tell('invitation'),
        alert: tell('alert'),
        joinRefused: tell('join refused'),
      },
    });
    this.chat.enter('alice');
    this.sockets.accept(
      kWelcome,
      'REGISTERED:alice',
      'SESSION:token',
      'END:HISTORY:lobby',
      'CLIENT_LIST:alice,bob',
      'END:LIST',
    );
    this.sockets.sent();
  }

  say(...lines) {
    this.sockets.say(...lines);
  }
  sent() {
    return this.sockets.sentWithoutIds();
  }

  join(room) {
    this.chat.join(room);
    this.say(`JOINED:${room}`, `END:HISTORY:${room}`, 'CLIENT_LIST:alice,bob', 'END:LIST');
    this.sent();
    return this.chat.room(room);
  }

  type(text) {
    return perform(this.chat, { showHelp: () => {}, showRooms: () => {}, quit: () => {} }, text);
  }

  notes(conversation = this.chat.current) {
    return conversation.entries.filter((entry) => entry.kind === 'note').map((entry) => entry.text);
  }
}

function texts(conversation) {
  return conversation.entries.filter((entry) => entry.id !== undefined).map((entry) => entry.text);
}

test('Chat_RoomThatIsJoined_ShowsWhatWasSaidAndWhoIsThere', () => {
  const bench = new Bench();
  bench.chat.join('Dev', 'key');
  assert.deepEqual(bench.sent(), ['JOIN:Dev:key']);
  bench.say('JOINED:dev', '@id=3;ts=1;room=dev TOPIC:dev:bob:what we do');
  assert.deepEqual(bench.sent(), ['HISTORY:dev:before:0:60', 'LIST:dev']);
  bench.say(
    '@id=2;ts=1;room=dev ROOM_MESSAGE:dev:bob:hi',
    '@id=3;ts=1;room=dev TOPIC:dev:bob:what we do',
    'END:HISTORY:dev',
    'CLIENT_LIST:alice,bob',
    'END:LIST',
  );
  const dev = bench.chat.room('dev');
  assert.equal(bench.chat.current, dev);
  assert.deepEqual(texts(dev), ['hi', 'what we do']);
  assert.equal(dev.topic.text, 'what we do');
  assert.deepEqual([...dev.members.values()], ['alice', 'bob']);
  assert.equal(dev.unread, 0);
});

test('Chat_TopicOfLongAgo_LeavesNoHoleInTheWindow', () => {
  const bench = new Bench();
  bench.chat.join('dev');
  bench.say(
    'JOINED:dev',
    '@id=3;ts=1;room=dev TOPIC:dev:bob:old',
    '@id=90;ts=1;room=dev ROOM_MESSAGE:dev:bob:new',
    'END:HISTORY:dev',
  );
  assert.deepEqual(texts(bench.chat.room('dev')), ['new']);
  assert.equal(bench.chat.room('dev').topic.text, 'old');
});

test('Chat_Unread_CountsWhatNobodyHasSeen', () => {
  const bench = new Bench();
  const dev = bench.join('dev');
  bench.say(
    '@id=7;ts=1;room=lobby MESSAGE:bob:one',
    '@id=8;ts=1;room=lobby MESSAGE:bob:alice, two',
    '@id=9;ts=1;room=lobby MESSAGE:alice:my own',
  );
  assert.deepEqual([bench.chat.lobby.unread, bench.chat.lobby.mentions], [2, 1]);
  bench.chat.setWatched(true, true);
  bench.say('@id=10;ts=1;room=dev ROOM_MESSAGE:dev:bob:seen');
  assert.equal(dev.unread, 0);
  bench.chat.setWatched(true, false);
  bench.say('@id=11;ts=1;room=dev ROOM_MESSAGE:dev:bob:not seen');
  assert.deepEqual([dev.unread, dev.lineId], [1, 10]);
  bench.chat.open(bench.chat.lobby);
  assert.deepEqual([bench.chat.lobby.unread, dev.lineId], [0, null]);
});

test('Chat_WhatWasMissed_IsUnreadAndToldOnce', () => {
  const bench = new Bench();
  bench.join('dev');
  bench.chat.setWatched(true, true);
  bench.say('@id=7;ts=1;room=dev ROOM_MESSAGE:dev:bob:one');
  bench.chat.open(bench.chat.lobby);
  bench.told.length = 0;
  bench.sockets.lose();
  bench.clock.advance(1000);
  bench.sockets.accept(
    kWelcome,
    'RESUMED:alice',
    '@id=8;ts=1;room=dev ROOM_MESSAGE:dev:bob:alice: two',
    'JOINED:dev',
  );
  assert.ok(bench.sent().includes('HISTORY:dev:after:7:200'));
  bench.say(
    '@id=8;ts=1;room=dev ROOM_MESSAGE:dev:bob:alice: two',
    'END:HISTORY:dev',
    'END:HISTORY:dev',
  );
  const dev = bench.chat.room('dev');
  assert.deepEqual(texts(dev), ['one', 'alice: two']);
  assert.deepEqual([dev.unread, dev.mentions], [1, 1]);
  assert.deepEqual(
    bench.told.filter(([what]) => what === 'news').map(([, , entry]) => entry.text),
    ['alice: two'],
  );
});

test('Chat_OwnMessage_IsPendingUntilItIsAcknowledged', () => {
  const bench = new Bench();
  bench.chat.talk.say(bench.chat.lobby, 'hello');
  assert.equal(bench.chat.lobby.pending.length, 1);
  const [line] = bench.sockets.sent();
  bench.say('@id=9;ts=1;room=lobby MESSAGE:bob:later', `ACK:${line.slice(4).split(' ')[0]}:8`);
  assert.deepEqual(texts(bench.chat.lobby), ['hello', 'later']);
  assert.deepEqual(bench.chat.lobby.pending, []);
});

test('Chat_Gap_IsShownWhereItIs', () => {
  const bench = new Bench();
  bench.say(
    '@id=5;ts=1;room=lobby MESSAGE:bob:five',
    'GAP:6:8',
    '@id=9;ts=1;room=lobby MESSAGE:bob:nine',
  );
  assert.deepEqual(
    bench.chat.lobby.entries.map((entry) => entry.kind),
    ['text', 'gap', 'text'],
  );
});

test('Chat_PrivateMessage_OpensAConversationThatCountsAsOurs', () => {
  const bench = new Bench();
  bench.say('@id=5;ts=1;to=alice DIRECT:Bob:psst');
  assert.deepEqual(bench.sent(), ['HISTORY:@Bob:before:0:60']);
  bench.say(
    '@id=4;ts=1;to=Bob DIRECT:alice:earlier',
    '@id=5;ts=1;to=alice DIRECT:Bob:psst',
    'END:HISTORY:@Bob',
  );
  const bob = bench.chat.person('bob');
  assert.deepEqual(texts(bob), ['earlier', 'psst']);
  assert.deepEqual([bob.unread, bob.mentions], [1, 1]);
});

test('Chat_PrivateChat_GoesThroughItsStates', () => {
  const bench = new Bench();
  assert.ok(bench.type('/request bob'));
  const bob = bench.chat.person('bob');
  assert.equal(bob.chat, 'asked');
  assert.ok(bench.sent().includes('REQUEST:bob'));
  bench.say('STATUS:CHAT_STARTED:bob');
  assert.equal(bob.chat, 'open');
  assert.ok(bench.type('/leave'));
  assert.deepEqual(bench.sent(), ['LEAVE']);
  bench.say('STATUS:CHAT_ENDED:bob', 'REQUEST:bob');
  assert.equal(bob.chat, 'offered');
  assert.ok(bench.type('/decline'));
  assert.deepEqual(bench.sent(), ['DECLINE:bob']);
  assert.equal(bob.chat, 'none');
});

test('Chat_OfferNobodyAnswers_GoesAway', () => {
  const bench = new Bench();
  bench.say('REQUEST:bob');
  bench.clock.advance(60_001);
  assert.equal(bench.chat.person('bob').chat, 'none');
  assert.ok(!bench.type('/accept'));
});

test('Chat_PrivateChatAndOffer_EndWithTheConnection', () => {
  const bench = new Bench();
  bench.say('STATUS:CHAT_STARTED:bob', 'REQUEST:carol');
  bench.sockets.lose();
  bench.clock.advance(1000);
  bench.sockets.accept(kWelcome, 'RESUMED:alice');
  assert.deepEqual(
    ['bob', 'carol'].map((name) => bench.chat.person(name).chat),
    ['none', 'none'],
  );
});

test('Chat_LockedRoom_AsksForItsKey', () => {
  const bench = new Bench();
  bench.type('/join dev');
  const [line] = bench.sockets.sent();
  bench.say(`${line.split(' ')[0]} ERROR:403:dev:it is locked`);
  assert.deepEqual(bench.told.at(-1), [
    'join refused',
    'dev',
    { code: '403', subject: 'dev', text: 'it is locked' },
  ]);
  assert.equal(bench.chat.room('dev'), undefined);
});

test('Chat_Kicked_KeepsTheRoomOnTheScreenUntilItIsJoinedAgain', () => {
  const bench = new Bench();
  const dev = bench.join('dev');
  bench.say('@id=5;ts=1;room=dev ROOM_MESSAGE:dev:bob:hi');
  bench.say('STATUS:KICKED:dev:bob:too: loud', 'PARTED:dev');
  assert.ok(!dev.isJoined);
  assert.deepEqual(bench.notes(), ['bob has put you out of this room: too: loud']);
  assert.ok(!bench.type('may I?'));
  bench.chat.join('dev');
  bench.say('JOINED:dev');
  assert.deepEqual(bench.sent(), ['JOIN:dev', 'HISTORY:dev:after:5:200', 'LIST:dev']);
  bench.say(
    '@id=6;ts=1;room=dev ROOM_MESSAGE:dev:bob:while away',
    'END:HISTORY:dev',
    'END:HISTORY:dev',
  );
  assert.ok(dev.isJoined);
  assert.deepEqual(texts(dev), ['hi', 'while away']);
});

test('Chat_Invitation_WaitsForAnAnswer', () => {
  const bench = new Bench();
  bench.say('STATUS:INVITED:dev:bob');
  assert.deepEqual([...bench.chat.invitations.values()], [{ room: 'dev', by: 'bob' }]);
  bench.join('dev');
  assert.equal(bench.chat.invitations.size, 0);
  bench.say('STATUS:INVITED:ops:bob');
  bench.chat.dismissInvitation('ops');
  assert.equal(bench.chat.invitations.size, 0);
});

test('Chat_Renamed_IsTheSamePerson', () => {
  const bench = new Bench();
  bench.say('@id=5;ts=1;to=alice DIRECT:bob:psst', 'END:HISTORY:@bob', 'STATUS:RENAMED:bob:robert');
  assert.equal(bench.chat.person('bob'), undefined);
  assert.equal(bench.chat.person('Robert').name, 'robert');
  assert.deepEqual([...bench.chat.lobby.members.values()], ['alice', 'robert']);
  bench.say('STATUS:RENAMED:alice:alicia');
  assert.equal(bench.chat.me, 'alicia');
});

test('Chat_Presence_GathersInOneNote', () => {
  const bench = new Bench();
  bench.say('STATUS:JOINED:lobby:carol,dan', 'STATUS:LEFT:lobby:bob,dan');
  const notes = bench.chat.lobby.entries.filter((entry) => entry.kind === 'presence');
  assert.deepEqual(
    notes.map(({ joined, left }) => [joined, left]),
    [[['carol'], ['bob', 'dan']]],
  );
  assert.deepEqual([...bench.chat.lobby.members.keys()], ['alice', 'carol']);
});

test('Chat_CommandsTheServerDoesNotKnow_AreSaidToBeSo', () => {
  const bench = new Bench();
  bench.join('dev');
  for (const [text, line, verb] of [
    ['/kick bob spam', 'KICK:dev:bob:spam', 'KICK'],
    ['/invite bob', 'INVITE:dev:bob', 'INVITE'],
    ['/mode', 'MODE:dev', 'MODE'],
    ['/mode +m', 'MODE:dev:+m', 'MODE'],
    ['/topic a: b', 'TOPIC:dev:a: b', 'TOPIC'],
  ]) {
    assert.ok(bench.type(text));
    const [sent] = bench.sockets.sent();
    assert.equal(sent.replace(/^@id=\S+ /, ''), line);
    bench.say(`${sent.split(' ')[0]} ERROR:405:${verb}:there is no such verb`);
    assert.equal(bench.notes().at(-1), `This server does not know ${verb}.`);
  }
  bench.say('MODES:dev:+nt', 'STATUS:MODE:dev:bob:+m');
  assert.deepEqual(bench.notes().slice(-2), [
    'Modes of #dev: +nt',
    'bob has changed this room: +m',
  ]);
});

test('Chat_PastedLines_AreSentAllOrNone', () => {
  const bench = new Bench();
  assert.ok(bench.type('one\n\ntwo\r\n'));
  assert.deepEqual(bench.sent(), ['SAY:lobby:one', 'SAY:lobby:two']);
  assert.ok(!bench.type(`three\n${'x'.repeat(5000)}`));
  assert.ok(!bench.type('x\n'.repeat(31)));
  assert.deepEqual(bench.sent(), []);
  assert.equal(bench.notes().length, 2);
});

test('Chat_ManyStrangersWhoWrite_DoNotFillTheMemory', () => {
  const bench = new Bench();
  for (let i = 1; i <= 300; ++i) {
    bench.say(`@id=${i};ts=1;to=alice DIRECT:stranger${i}:x`);
  }
  assert.ok(bench.chat.conversations.size <= 102, `${bench.chat.conversations.size}`);
});
