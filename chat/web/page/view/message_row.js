// One row of the message list. Made once; what can change later is changed in place.

import { splitLinks } from '../links.js';
import { visible } from '../text.js';
import { avatar, icon, make, setText, unseen } from './dom.js';
import { dayName, fullTime, timeParts } from './times.js';

const kStates = {
  waiting: { icon: 'clock', text: 'Sending' },
  kept: { icon: 'check', text: 'Sent' },
  refused: { icon: 'alert', text: 'Not sent' },
  uncertain: { icon: 'alert', text: 'Maybe not sent' },
};

// A text as nodes, with links that can be clicked.
export function textNodes(text) {
  return splitLinks(visible(text)).map((part) => {
    if (part.href === undefined) {
      return document.createTextNode(part.text);
    }
    return make(
      'a',
      {
        href: part.href,
        target: '_blank',
        rel: 'noopener noreferrer',
        title: part.text === part.href ? null : part.href,
      },
      part.text,
    );
  });
}

function timeOf(ts) {
  const [time, period] = timeParts(ts);
  return make(
    'time',
    { datetime: new Date(ts).toISOString(), title: fullTime(ts) },
    time,
    period === '' ? null : make('span', { class: 'period' }, period),
  );
}

function bodyOf(message) {
  const body = make('div', { class: 'text', dir: 'auto' });
  if (message.kind === 'action') {
    body.append(make('bdi', { class: 'actor' }, `* ${message.sender}`), ' ');
  } else if (message.kind === 'topic') {
    body.append(
      make('bdi', { class: 'actor' }, message.sender),
      message.text === '' ? ' has cleared the topic' : ' has set the topic: ',
    );
  }
  body.append(...textNodes(message.text));
  return body;
}

function messageRow(row) {
  const { message } = row;
  // What somebody does begins with the name anyway.
  const sender = message.kind === 'text' ? make('bdi', { class: 'sender' }, message.sender) : null;
  const head = make('div', { class: 'head' }, sender, timeOf(message.ts));
  return make(
    'li',
    { class: `message ${message.kind}`, data: { key: row.key } },
    avatar(message.sender),
    head,
    bodyOf(message),
    make('div', { class: 'mark' }),
  );
}

// A refused message can be sent again or given up.
function failureOf(row, actions) {
  const why =
    row.state === 'refused'
      ? `Not sent: ${row.error}`
      : 'The connection was lost, and nobody knows whether this has arrived.';
  const { message } = row;
  return [
    make('span', { class: 'why' }, visible(why)),
    make(
      'button',
      { type: 'button', class: 'link', on: { click: () => actions.sayAgain(row.key.slice(1)) } },
      'Send again',
      unseen(`: ${visible(message.text)}`),
    ),
    make(
      'button',
      { type: 'button', class: 'link', on: { click: () => actions.discard(row.key.slice(1)) } },
      'Remove',
    ),
  ];
}

function update(element, row, actions) {
  element.classList.toggle('with-head', row.hasHead);
  element.classList.toggle('mention', row.isMention);
  element.classList.toggle('own', row.message.own);
  if (element.dataset.state === row.state || !row.message.own) {
    return;
  }
  element.dataset.state = row.state;
  const mark = element.querySelector('.mark');
  const state = kStates[row.state];
  const sign = make(
    'span',
    { class: 'sign', title: state.text },
    icon(state.icon),
    unseen(state.text),
  );
  const isFailed = row.state === 'refused' || row.state === 'uncertain';
  mark.replaceChildren(sign, ...(isFailed ? failureOf(row, actions) : []));
}

function presenceText({ joined, left }) {
  const list = (names) =>
    names.length > 6
      ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`
      : names.join(', ');
  const parts = [];
  if (joined.length > 0) {
    parts.push(`${list(joined)} joined`);
  }
  if (left.length > 0) {
    parts.push(`${list(left)} left`);
  }
  return parts.join(' · ');
}

const kMakers = {
  start: (row, title) =>
    make(
      'li',
      { class: 'start' },
      make(
        'p',
        {},
        title.startsWith('#')
          ? `This is the beginning of ${title}.`
          : `This is the beginning of what you and ${title} have said to each other.`,
      ),
    ),
  day: (row) =>
    make('li', { class: 'day' }, make('span', { title: fullTime(row.ts, false) }, dayName(row.ts))),
  new: () => make('li', { class: 'new' }, make('span', {}, 'New')),
  gap: () =>
    make(
      'li',
      { class: 'gap' },
      icon('alert'),
      make('span', {}, 'Messages are missing here: the server does not have them any more.'),
    ),
  note: ({ entry }) =>
    make(
      'li',
      { class: `note ${entry.tone}` },
      make('span', { class: 'text', dir: 'auto' }, ...textNodes(entry.text)),
      timeOf(entry.ts),
    ),
  presence: ({ entry }) =>
    make(
      'li',
      { class: 'note presence' },
      make('span', { class: 'text' }, presenceText(entry)),
      timeOf(entry.ts),
    ),
  message: messageRow,
};

export function makeRow(row, title) {
  return kMakers[row.type](row, title);
}

export function updateRow(element, row, actions) {
  if (row.type === 'message') {
    update(element, row, actions);
  } else if (row.type === 'presence') {
    setText(element.querySelector('.text'), presenceText(row.entry));
  }
}
