import assert from 'node:assert/strict';
import test from 'node:test';

import { Conversation } from '../../chat/web/page/conversation.js';
import { rowsOf } from '../../chat/web/page/rows.js';

const kNoon = new Date(2024, 4, 5, 12, 0, 0).getTime();

function said(id, sender, minutes, text = 'x', kind = 'text') {
  return {
    key: `m${id}`,
    at: id,
    id,
    kind,
    sender,
    text,
    ts: kNoon + minutes * 60_000,
    own: sender === 'me',
  };
}

function lobby(...entries) {
  const conversation = new Conversation('lobby', 'lobby');
  entries.forEach((entry) => conversation.insert(entry, { mayExtend: true }));
  return conversation;
}

function shape(conversation) {
  return rowsOf(conversation, 'me').map((row) =>
    row.type === 'message' ? `${row.message.id}${row.hasHead ? '*' : ''}` : row.type,
  );
}

test('Rows_WhoGoesOn_GetsNoHead', () => {
  assert.deepEqual(
    shape(
      lobby(
        said(1, 'bob', 0),
        said(2, 'bob', 1),
        said(3, 'me', 2),
        said(4, 'bob', 3),
        said(5, 'bob', 20),
      ),
    ),
    ['day', '1*', '2', '3*', '4*', '5*'],
  );
});

test('Rows_ActionsAndTopics_StandForThemselves', () => {
  assert.deepEqual(
    shape(lobby(said(1, 'bob', 0), said(2, 'bob', 1, 'waves', 'action'), said(3, 'bob', 1))),
    ['day', '1*', '2', '3*'],
  );
});

test('Rows_EachDay_HasItsLine', () => {
  assert.deepEqual(shape(lobby(said(1, 'bob', 0), said(2, 'bob', 24 * 60))), [
    'day',
    '1*',
    'day',
    '2*',
  ]);
});

test('Rows_LineNew_StandsInFrontOfTheFirstUnreadOfOthers', () => {
  const conversation = lobby(
    said(1, 'bob', 0),
    said(2, 'me', 1),
    said(3, 'bob', 2),
    said(4, 'bob', 3),
  );
  conversation.lineId = 1;
  assert.deepEqual(shape(conversation), ['day', '1*', '2*', 'new', '3*', '4']);
});

test('Rows_WhatIsNotAcknowledged_StandsAtTheEnd', () => {
  const conversation = lobby(said(1, 'bob', 0));
  conversation.pending.push({
    id: 'c1',
    text: '\x01ACTION waves\x01',
    ts: kNoon,
    state: 'refused',
    error: 'no',
  });
  const row = rowsOf(conversation, 'me').at(-1);
  assert.deepEqual(
    [row.key, row.state, row.error, row.message.kind],
    ['pc1', 'refused', 'no', 'action'],
  );
});

test('Rows_MyName_MakesAMention', () => {
  const isMention = (entry) => rowsOf(lobby(entry), 'me').at(-1).isMention;
  assert.ok(isMention(said(1, 'bob', 0, 'hey me!')));
  assert.ok(!isMention(said(1, 'bob', 0, 'hey you!')));
  assert.ok(!isMention(said(1, 'me', 0, 'me')));
});

test('Rows_GapsAndNotes_AreInTheirPlaces', () => {
  const conversation = lobby(said(1, 'bob', 0), said(9, 'bob', 1));
  conversation.insert({ key: 'g5', at: 5, kind: 'gap', first: 2 });
  conversation.note('note', kNoon, { text: 'hello', tone: 'plain' });
  conversation.insert(said(12, 'bob', 2));
  assert.deepEqual(shape(conversation), ['day', '1*', 'gap', '9*', 'note', '12*']);
});

test('Conversation_WhatIsTwiceOrOutside_IsNotTaken', () => {
  const conversation = lobby(said(5, 'bob', 0), said(7, 'bob', 0));
  assert.ok(!conversation.insert(said(7, 'bob', 0)));
  assert.ok(!conversation.insert(said(4, 'bob', 0)));
  assert.ok(conversation.insert(said(6, 'bob', 0)));
  assert.deepEqual(
    conversation.entries.map((entry) => entry.id),
    [5, 6, 7],
  );
});

test('Conversation_Window_IsTrimmedOnTheSideNobodyLooksAt', () => {
  const conversation = lobby(...[1, 2, 3, 4].map((id) => said(id, 'bob', 0)));
  conversation.atStart = true;
  conversation.trim(3, true);
  assert.deepEqual(
    [conversation.oldest(), conversation.atStart, conversation.atEnd],
    [2, false, true],
  );
  conversation.trim(2, false);
  assert.deepEqual([conversation.newest(), conversation.atEnd], [3, false]);
});

test('Conversation_OurOwnClock_DoesNotPutAMessageOutOfItsTime', () => {
  const conversation = lobby(said(1, 'bob', 0), said(5, 'bob', 10));
  conversation.pending.push({ id: 'c1' });
  conversation.confirm('c1', said(3, 'me', 60));
  assert.equal(conversation.entries[1].ts, kNoon + 10 * 60_000);
  assert.deepEqual(conversation.pending, []);
});
