import assert from 'node:assert/strict';
import test from 'node:test';

import { Connection } from '../../chat/web/page/connection.js';
import { SimulatedClock } from './fake_server.mjs';
import { kWelcome, ScriptedSockets } from './scripted_socket.mjs';

// A connection whose server is the test.
class Bench {
  constructor(options = {}) {
    this.clock = new SimulatedClock();
    this.sockets = new ScriptedSockets();
    this.told = [];
    const tell =
      (what) =>
      (...details) =>
        this.told.push([what, ...details]);
    this.connection = new Connection({
      clock: this.clock,
      random: () => 0.5,
      openSocket: this.sockets.open,
      handler: {
        onState() {},
        onSaved() {},
        onProgress() {},
        onEntered: tell('entered'),
        onLine: tell('line'),
        onAcknowledged: tell('acknowledged'),
        onRefused: tell('refused'),
        onUncertain: tell('uncertain'),
        onJoinRefused: tell('join refused'),
      },
      ...options,
    });
  }

  sent() {
    return this.sockets.sent();
  }
  say(...lines) {
    this.sockets.say(...lines);
  }
  open(...lines) {
    this.sockets.accept(...lines);
  }
  lose() {
    this.sockets.lose();
  }

  enter() {
    this.connection.start('alice');
    this.open(kWelcome, 'REGISTERED:Alice', 'SESSION:token');
    this.sent();
  }
}

test('Connection_FirstName_IsRegistered', () => {
  const bench = new Bench();
  bench.connection.start('alice');
  bench.open();
  assert.deepEqual(bench.sent(), ['HELLO:1:tags,ack,resume,presence', 'REGISTER:alice']);
  bench.say(kWelcome, 'REGISTERED:Alice');
  assert.equal(bench.connection.state, 'registering', 'without the token nothing is sent yet');
  bench.say('SESSION:token');
  assert.equal(bench.connection.state, 'ready');
  assert.equal(bench.connection.name, 'Alice');
  assert.deepEqual(bench.told, [['entered', 'first']]);
});

test('Connection_TakenName_EndsTheAttempt', () => {
  const bench = new Bench();
  bench.connection.start('alice');
  bench.open(kWelcome, 'ERROR:409:alice:taken');
  assert.deepEqual(bench.connection.end, { kind: 'name', code: '409', text: 'taken' });
  assert.ok(bench.sockets.last.isClosed);
  bench.connection.start('alicia');
  bench.open();
  assert.ok(bench.sent().includes('REGISTER:alicia'));
});

test('Connection_UnreachableServer_IsToldToWhoeverWantsIn', () => {
  const bench = new Bench();
  bench.connection.start('alice');
  bench.lose();
  assert.equal(bench.connection.end.kind, 'unreachable');
  bench.clock.advance(60_000);
  assert.equal(bench.sockets.all.length, 1);
});

test('Connection_LostSession_IsResumedBehindTheLastNumber', () => {
  const bench = new Bench();
  bench.enter();
  bench.say('@id=7;ts=1;room=lobby MESSAGE:bob:hi', 'GAP:8:9', 'ACK:x:12');
  bench.lose();
  assert.equal(bench.connection.state, 'waiting');
  bench.clock.advance(500);
  bench.open();
  assert.deepEqual(bench.sent(), ['HELLO:1:tags,ack,resume,presence', 'RESUME:token:12']);
  bench.say(kWelcome, 'RESUMED:Alice');
  assert.deepEqual(bench.told.at(-1), ['entered', 'resumed']);
});

test('Connection_Attempts_ComeLessAndLessOften', () => {
  const bench = new Bench();
  bench.enter();
  bench.lose();
  const waits = [];
  for (let i = 0; i < 9; ++i) {
    const before = bench.clock.now();
    waits.push(Math.round(bench.connection.retryAt - before));
    bench.clock.advance(waits.at(-1) + 1);
    bench.lose();
  }
  assert.deepEqual(waits, [126, 251, 501, 1001, 2001, 4001, 7501, 7501, 7501]);
});

test('Connection_Wake_TriesAtOnce', () => {
  const bench = new Bench();
  bench.enter();
  bench.lose();
  bench.connection.wake();
  assert.equal(bench.sockets.all.length, 2);
  assert.equal(bench.connection.state, 'connecting');
});

test('Connection_Wake_FindsOutThatNobodyIsThere', () => {
  const bench = new Bench();
  bench.enter();
  bench.connection.wake();
  assert.deepEqual(bench.sent(), ['PING:keep-alive']);
  bench.clock.advance(5001);
  assert.equal(bench.connection.state, 'waiting');
});

test('Connection_AnswerOfAnyKind_KeepsItAlive', () => {
  const bench = new Bench();
  bench.enter();
  for (let i = 0; i < 5; ++i) {
    bench.clock.advance(30_000);
    assert.deepEqual(bench.sent(), ['PING:keep-alive']);
    bench.say('STATUS:JOINED:lobby:bob');
    bench.clock.advance(10_000);
  }
  assert.equal(bench.connection.state, 'ready');
});

test('Connection_WhatIsNotAcknowledged_IsSentAgainUnderItsId', () => {
  const bench = new Bench();
  bench.enter();
  const first = bench.connection.say('SAY', 'lobby', 'one');
  const second = bench.connection.say('SAY', 'lobby', 'two');
  assert.deepEqual(bench.sent(), [
    `@id=${first.id} SAY:lobby:one`,
    `@id=${second.id} SAY:lobby:two`,
  ]);
  bench.say(`ACK:${first.id}:5`);
  bench.lose();
  const third = bench.connection.say('SAY', 'lobby', 'three');
  bench.clock.advance(500);
  bench.open(kWelcome, 'RESUMED:Alice');
  assert.deepEqual(bench.sent().slice(2), [
    `@id=${second.id} SAY:lobby:two`,
    `@id=${third.id} SAY:lobby:three`,
  ]);
});

test('Connection_NewSession_SendsOnlyWhatWasNeverSent', () => {
  const bench = new Bench();
  bench.enter();
  const sent = bench.connection.say('SAY', 'lobby', 'sent');
  bench.lose();
  const unsent = bench.connection.say('SAY', 'lobby', 'unsent');
  bench.clock.advance(500);
  bench.open(kWelcome, 'ERROR:404::over');
  assert.equal(bench.sent().at(-1), 'REGISTER:Alice');
  bench.say('REGISTERED:Alice', 'SESSION:other');
  assert.deepEqual(bench.sent(), [`@id=${unsent.id} SAY:lobby:unsent`]);
  assert.equal(sent.state, 'uncertain');
  assert.deepEqual(
    bench.told.slice(-2).map(([what]) => what),
    ['uncertain', 'entered'],
  );
  const again = bench.connection.sayAgain(sent.id);
  assert.notEqual(again.id, sent.id);
  assert.deepEqual(bench.sent(), [`@id=${again.id} SAY:lobby:sent`]);
});

test('Connection_MessageTheServerMayNotKnowAnyMore_IsNotSentAgain', () => {
  const bench = new Bench();
  bench.enter();
  const entry = bench.connection.say('SAY', 'lobby', 'old');
  bench.lose();
  bench.clock.advance(126);
  bench.clock.advance(120_000); // each attempt runs into its timeout
  bench.open(kWelcome, 'RESUMED:Alice');
  assert.equal(entry.state, 'uncertain');
  assert.ok(!bench.sent().some((line) => line.includes('old')));
});

test('Connection_PageThatComesBack_KnowsWhatItHasSent', () => {
  const bench = new Bench();
  bench.enter();
  bench.connection.join('dev', 'key');
  bench.say('JOINED:dev', '@id=7;ts=1;room=dev ROOM_MESSAGE:dev:bob:hi');
  const entry = bench.connection.say('SAY', 'dev', 'one');
  const saved = JSON.parse(JSON.stringify(bench.connection.saved()));
  const unsent = JSON.parse(JSON.stringify(bench.connection.outbox));
  const next = new Bench({ saved, unsent });
  next.connection.start();
  next.open(kWelcome, 'RESUMED:Alice');
  const lines = next.sent();
  assert.equal(lines[1], 'RESUME:token:7');
  assert.match(lines[2], /^@id=\S+ JOIN:dev:key$/);
  assert.equal(lines[3], `@id=${entry.id} SAY:dev:one`);
});

test('Connection_MessagesDuringAHistory_ComeAgainIfItIsCutOff', () => {
  const bench = new Bench();
  bench.enter();
  let answer = null;
  bench.say('@id=5;ts=1;room=lobby MESSAGE:bob:five');
  bench.connection.ask({
    kind: 'history',
    line: 'HISTORY:lobby:before:5:10',
    room: 'lobby',
    before: true,
    from: 5,
    count: 10,
    done: (result) => {
      answer = result;
    },
  });
  bench.say('@id=6;ts=1;room=lobby MESSAGE:bob:six', '@id=3;ts=1;room=lobby MESSAGE:bob:three');
  bench.lose();
  assert.equal(answer.error.code, null);
  bench.clock.advance(500);
  bench.open();
  assert.equal(bench.sent()[1], 'RESUME:token:5');
});

test('Connection_AnswersOfAHistory_AreNotTakenForLiveMessages', () => {
  const bench = new Bench();
  bench.enter();
  let answer = null;
  bench.connection.ask({
    kind: 'history',
    line: 'HISTORY:lobby:before:5:10',
    room: 'lobby',
    before: true,
    from: 5,
    count: 10,
    done: (result) => {
      answer = result;
    },
  });
  bench.say(
    '@id=6;ts=1;room=lobby MESSAGE:bob:six',
    '@id=3;ts=1;room=lobby MESSAGE:bob:three',
    'END:HISTORY:lobby',
  );
  assert.deepEqual(
    answer.entries.map((line) => line.id),
    [3],
  );
  assert.deepEqual(
    bench.told.filter(([what]) => what === 'line').map(([, line]) => line.id),
    [6],
  );
});

test('Connection_HistoryWithoutAnEnd_EndsTheConnection', () => {
  const bench = new Bench();
  bench.enter();
  bench.connection.ask({
    kind: 'history',
    line: 'HISTORY:lobby:before:0:10',
    room: 'lobby',
    before: true,
    from: 0,
    count: 10,
    done: () => {},
  });
  bench.clock.advance(20_001);
  assert.equal(bench.connection.state, 'waiting');
});

test('Connection_TooFast_IsSentAgainLaterAndInOrder', () => {
  const bench = new Bench();
  bench.enter();
  const entries = ['one', 'two'].map((text) => bench.connection.say('SAY', 'lobby', text));
  bench.sent();
  bench.say('ERROR:429::too fast, retry in 700 ms');
  assert.ok(!bench.told.some(([what]) => what === 'line'), 'nobody is bothered with that');
  const third = bench.connection.say('SAY', 'lobby', 'three');
  bench.clock.advance(600);
  assert.deepEqual(bench.sent(), []);
  bench.clock.advance(400);
  assert.deepEqual(bench.sent(), [
    `@id=${entries[0].id} SAY:lobby:one`,
    `@id=${entries[1].id} SAY:lobby:two`,
    `@id=${third.id} SAY:lobby:three`,
  ]);
});

test('Connection_ManyLines_GoOutNoFasterThanAServerTakesThem', () => {
  const bench = new Bench();
  bench.enter();
  for (let i = 0; i < 100; ++i) {
    bench.connection.say('SAY', 'lobby', `x${i}`);
  }
  assert.equal(bench.sent().length, 40);
  bench.clock.advance(1010);
  assert.equal(bench.sent().length, 15);
  assert.equal(bench.connection.say('SAY', 'lobby', 'one more'), null, 'there is no place for it');
});

test('Connection_RefusedMessage_IsKeptWithItsReason', () => {
  const bench = new Bench();
  bench.enter();
  const entry = bench.connection.say('CHAT', 'nobody', 'hi');
  bench.say(`@id=${entry.id} ERROR:404:nobody:no such client`);
  assert.deepEqual([entry.state, entry.error], ['refused', 'no such client']);
  bench.connection.discard(entry.id);
  assert.deepEqual(bench.connection.outbox, []);
});

test('Connection_TwoPagesOfOneSession_DoNotFightForEver', () => {
  const bench = new Bench();
  bench.enter();
  for (let i = 0; i < 2; ++i) {
    bench.say('BYE:resumed by another connection');
    bench.lose();
    bench.clock.advance(2000);
    bench.open(kWelcome, 'RESUMED:Alice');
    assert.equal(bench.connection.state, 'ready');
  }
  bench.say('BYE:resumed by another connection');
  assert.deepEqual([bench.connection.state, bench.connection.end.kind], ['ended', 'taken-over']);
});

test('Connection_RoomThatWasLeftWithoutAConnection_IsLeft', () => {
  const bench = new Bench();
  bench.enter();
  bench.connection.join('dev');
  bench.say('JOINED:dev');
  bench.lose();
  bench.connection.part('dev');
  bench.clock.advance(500);
  bench.open(kWelcome, 'RESUMED:Alice');
  const lines = bench
    .sent()
    .slice(2)
    .map((line) => line.split(' ')[1]);
  assert.deepEqual(lines, ['PART:dev']);
});

test('Connection_RefusedRoom_IsNotTriedAgain', () => {
  const bench = new Bench();
  bench.enter();
  bench.connection.join('dev', 'wrong');
  const [line] = bench.sent();
  bench.say(`${line.split(' ')[0]} ERROR:403:dev:it is locked`);
  assert.deepEqual(bench.told.at(-1), [
    'join refused',
    'dev',
    { code: '403', subject: 'dev', text: 'it is locked' },
  ]);
  bench.lose();
  bench.clock.advance(500);
  bench.open(kWelcome, 'RESUMED:Alice');
  assert.equal(bench.sent().length, 2);
});

test('Connection_Quit_EndsTheSession', () => {
  const bench = new Bench();
  bench.enter();
  bench.connection.quit();
  assert.deepEqual(bench.sent(), ['QUIT']);
  assert.equal(bench.connection.saved(), null);
  bench.clock.advance(60_000);
  assert.equal(bench.sockets.all.length, 1);
});
