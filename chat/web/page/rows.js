// What a conversation's window looks like as rows of a list: who needs a head, where a day begins,
// where the line "new" is. Pure.

import { isMention, isSaid, ownMessage } from './message.js';

// Somebody who goes on within this time gets no head again.
const kGroupMs = 5 * 60_000;

function dayOf(ts) {
  const date = new Date(ts);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

// Rows {key, type, …}: 'start'; 'day' {ts}; 'new'; 'gap'; 'note' {entry}; 'presence' {entry};
// 'message' {message, hasHead, isMention, state, error}. state is 'kept' for what the server has,
// else that of the outbox's entry.
export function rowsOf(conversation, me) {
  const rows = [];
  if (conversation.atStart && conversation.state === 'loaded') {
    rows.push({ key: 'start', type: 'start' });
  }
  let before = null; // the message that a head could be shared with
  let day = '';
  let isNewShown = conversation.lineId === null;
  const message = (entry, state, error) => {
    if (dayOf(entry.ts) !== day) {
      day = dayOf(entry.ts);
      before = null;
      rows.push({ key: `d${day}`, type: 'day', ts: entry.ts });
    }
    if (!isNewShown && state === 'kept' && !entry.own && entry.id > conversation.lineId) {
      isNewShown = true;
      before = null;
      rows.push({ key: 'new', type: 'new' });
    }
    const hasHead =
      entry.kind === 'text' &&
      (before === null ||
        before.kind !== 'text' ||
        before.sender !== entry.sender ||
        entry.ts - before.ts > kGroupMs);
    before = entry;
    rows.push({
      key: entry.key,
      type: 'message',
      message: entry,
      hasHead,
      state,
      error,
      isMention:
        !entry.own && isSaid(entry) && !conversation.isDirect && isMention(conversation, entry, me),
    });
  };
  for (const entry of conversation.entries) {
    if (entry.id !== undefined) {
      message(entry, 'kept', '');
    } else {
      before = null;
      rows.push({ key: entry.key, type: entry.kind, entry });
    }
  }
  for (const entry of conversation.pending) {
    message(ownMessage(entry, null, me), entry.state, entry.error);
  }
  return rows;
}
