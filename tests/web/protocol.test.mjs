import assert from 'node:assert/strict';
import test from 'node:test';

import {
  buildLine,
  deliveryOf,
  isDelivery,
  parseLimits,
  parseLine,
  parseRooms,
  splitList,
  withId,
} from '../../chat/web/page/protocol.js';
import { beginOfAnswer, historyLine } from '../../chat/web/page/questions.js';

test('Protocol_DeliveryWithTags_IsTakenApart', () => {
  const line = parseLine('@id=5;ts=1700000000000;room=dev ROOM_MESSAGE:dev:alice:it is 5: tea');
  assert.equal(line.verb, 'ROOM_MESSAGE');
  assert.equal(line.id, 5);
  assert.equal(line.ts, 1_700_000_000_000);
  assert.ok(isDelivery(line));
  assert.deepEqual(deliveryOf(line), {
    room: 'dev',
    sender: 'alice',
    text: 'it is 5: tea',
    kind: 'text',
  });
});

test('Protocol_PrivateMessage_SaysWhomItIsFor', () => {
  const line = parseLine('@id=6;ts=1;to=Bob DIRECT:alice:hi');
  assert.deepEqual(deliveryOf(line), {
    room: null,
    sender: 'alice',
    to: 'Bob',
    text: 'hi',
    kind: 'text',
  });
});

test('Protocol_LastFieldOfText_KeepsItsColons', () => {
  assert.deepEqual(parseLine('ERROR:404:dev:no: such: room').fields, [
    '404',
    'dev',
    'no: such: room',
  ]);
  assert.deepEqual(parseLine('STATUS:KICKED:dev:bob:bye: bye').fields, ['dev', 'bob', 'bye: bye']);
});

test('Protocol_FieldsBehindTheKnownOnes_AreLeftOut', () => {
  assert.deepEqual(parseLine('STATUS:CHAT_STARTED:bob:something:new').fields, ['bob']);
  assert.deepEqual(parseLine('JOINED:dev:more').fields, ['dev']);
});

test('Protocol_MissingFields_AreEmpty', () => {
  assert.deepEqual(parseLine('ERROR:404').fields, ['404', '', '']);
  assert.deepEqual(parseLine('CLIENT_LIST:').fields, ['']);
});

test('Protocol_UnknownVerbsAndKinds_HaveNoVerb', () => {
  for (const text of [
    '',
    'WHATEVER:a:b',
    'STATUS:WHATEVER:a',
    'STATUS',
    '@id=1',
    '@',
    ':',
    'message:a:b',
    '__proto__:a',
    'constructor:a',
  ]) {
    assert.equal(parseLine(text).verb, null, text);
  }
});

test('Protocol_AnyText_IsParsedWithoutAnException', () => {
  const pieces = [
    '@',
    'id=',
    '1',
    ';',
    ' ',
    ':',
    'MESSAGE',
    'STATUS',
    'ACK',
    'GAP',
    '\u0000',
    '=',
    '9'.repeat(20),
    'é',
    '__proto__',
  ];
  let state = 7;
  for (let i = 0; i < 5000; ++i) {
    let text = '';
    for (let j = 0; j < 8; ++j) {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      text += pieces[state % pieces.length];
    }
    const line = parseLine(text);
    assert.ok(line.id === null || Number.isSafeInteger(line.id), text);
  }
});

test('Protocol_NumbersThatAreNone_AreNull', () => {
  assert.equal(parseLine('@id=x MESSAGE:a:b').id, null);
  assert.equal(parseLine('@id=1e3 MESSAGE:a:b').id, null);
  assert.equal(parseLine('@id=-1 MESSAGE:a:b').id, null);
  assert.equal(parseLine(`@id=${'9'.repeat(17)} MESSAGE:a:b`).id, null);
  assert.ok(!isDelivery(parseLine('MESSAGE:a:b')));
});

test('Protocol_Ids_AreWhatTheVerbMakesOfThem', () => {
  const ack = parseLine('ACK:c17:4711');
  assert.deepEqual([ack.clientId, ack.id], ['c17', 4711]);
  const error = parseLine('@id=c17 ERROR:403:dev:no');
  assert.deepEqual([error.clientId, error.id], ['c17', null]);
  const gap = parseLine('GAP:3:9');
  assert.deepEqual([gap.first, gap.id], [3, 9]);
});

test('Protocol_LimitsAndLists_AreRead', () => {
  assert.deepEqual(parseLimits('line=100,name=8,rooms=x,other=3'), {
    line: 100,
    name: 8,
    room: 64,
    rooms: 32,
  });
  assert.deepEqual(parseRooms('lobby=12,dev=3'), [
    { name: 'lobby', people: 12 },
    { name: 'dev', people: 3 },
  ]);
  assert.deepEqual(parseRooms(''), []);
  assert.deepEqual(splitList('a,b'), ['a', 'b']);
  assert.deepEqual(splitList(''), []);
});

test('Protocol_Lines_AreBuilt', () => {
  assert.equal(withId('c1', buildLine('SAY', 'dev', 'a:b')), '@id=c1 SAY:dev:a:b');
  assert.equal(historyLine('dev', true, 0, 60), 'HISTORY:dev:before:0:60');
  assert.equal(historyLine('@bob', false, 7, 60), 'HISTORY:@bob:after:7:60');
});

function beginOf(texts, question) {
  return beginOfAnswer(texts.map(parseLine), { count: 10, from: 0, before: true, ...question });
}

const kLobby = (id) => `@id=${id};ts=1;room=lobby MESSAGE:bob:x`;
const kDev = (id) => `@id=${id};ts=1;room=dev ROOM_MESSAGE:dev:bob:x`;

test('Questions_LiveMessagesInFrontOfAnAnswer_AreNotPartOfIt', () => {
  assert.equal(beginOf([kDev(9), kLobby(3), kLobby(4)], { room: 'lobby' }), 1);
  assert.equal(beginOf([kLobby(9), kLobby(3), kLobby(4)], { room: 'LOBBY' }), 1);
  assert.equal(beginOf(['ACK:c1:2', kLobby(3), kLobby(4)], { room: 'lobby' }), 1);
  assert.equal(beginOf([kLobby(1), kLobby(3), kLobby(4)], { room: 'lobby', count: 2 }), 1);
});

test('Questions_EmptyAnswer_LeavesLiveMessagesAlone', () => {
  assert.equal(beginOf([kLobby(9)], { room: 'lobby', from: 5 }), 1);
  assert.equal(beginOf([kLobby(4)], { room: 'lobby', before: false, from: 5 }), 1);
  assert.equal(beginOf([kDev(9)], { room: 'lobby' }), 1);
});

test('Questions_GapsInAnAnswer_ArePartOfIt', () => {
  assert.equal(beginOf(['GAP:1:3', kLobby(4), 'GAP:5:6', kLobby(7)], { room: 'lobby' }), 0);
});

test('Questions_PrivateHistory_IsThatOfTheTwo', () => {
  const direct = (id, from, to) => `@id=${id};ts=1;to=${to} DIRECT:${from}:x`;
  assert.equal(
    beginOf([direct(1, 'carol', 'alice'), direct(2, 'Bob', 'alice'), direct(3, 'alice', 'bob')], {
      room: '@bob',
    }),
    1,
  );
});
