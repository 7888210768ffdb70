// Messages as entries of a conversation's window. Pure.

import { sameName } from './names.js';
import { mentions, splitAction } from './text.js';

// Of a delivery, live or in a history. now: when the server does not say when it was.
export function messageOf(line, delivery, me, now) {
  const isText = delivery.kind === 'text';
  const said = isText ? splitAction(delivery.text) : { action: false, text: delivery.text };
  return {
    key: `m${line.id}`,
    at: line.id,
    id: line.id,
    kind: said.action ? 'action' : delivery.kind,
    sender: delivery.sender,
    text: said.text,
    ts: line.ts ?? now,
    own: sameName(delivery.sender, me),
  };
}

// Of what we have said and the server has taken as number id.
export function ownMessage(entry, id, me) {
  const said = splitAction(entry.text);
  return {
    key: `p${entry.id}`, // what is on the screen already stays the same
    at: id,
    id,
    kind: said.action ? 'action' : 'text',
    sender: me,
    text: said.text,
    ts: entry.ts,
    own: true,
  };
}

export function gapOf(line) {
  return { key: `g${line.id}`, at: line.id, kind: 'gap', first: line.first };
}

export function isOfLog(entry) {
  return entry.id !== undefined || entry.kind === 'gap';
}

export function isSaid(entry) {
  return entry.kind === 'text' || entry.kind === 'action';
}

export function isMention(conversation, entry, me) {
  return conversation.isDirect || mentions(entry.text, me);
}
